// Runs the extension-host suite in the VS Code server; every Mocha test becomes a test here.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../scripts/setup/terminal.mjs";
import { type HostTestResult } from "./host/index.ts";
import { runInExtensionHost, startSession, type Session } from "./rig/index.ts";

let session: Session;
const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-host-"));

before(async () => {
  session = await startSession();
});

after(async () => {
  await session?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("extension host", async (t) => {
  const module = path.join(root, "dist/vscode-host-tests.cjs");
  const run = await runInExtensionHost(session, { folder, module, env: { FUSIONSCOPE_HOST_RESULTS: "1" } });
  assert.ok(run.ok, `${run.error ?? (run.timedOut ? "timed out" : "the extension host ended")}\n${run.lines.slice(-40).join("\n")}`);
  const results = run.value as HostTestResult[];
  assert.ok(results.length > 0, "no test ran");
  for (const { title, state, error } of results) {
    await t.test(title, { skip: state === "pending" ? "pending in Mocha" : false }, () => assert.equal(error, undefined, error));
  }
});
