// The extension-host suite in a desktop VS Code, by @vscode/test-electron. It needs a VS Code that npm does not have, so it is asked for:
//   FUSIONSCOPE_DESKTOP_VSCODE=/path/to/code   an installed one
//   FUSIONSCOPE_DESKTOP_VSCODE=download        fetched by test-electron into .vscode-test/
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { runTests } from "@vscode/test-electron";
import { root } from "../../scripts/setup/terminal.mjs";

const wanted = process.env["FUSIONSCOPE_DESKTOP_VSCODE"];
const skip = wanted === undefined ? "no desktop VS Code asked for: set FUSIONSCOPE_DESKTOP_VSCODE to its path, or to download" : false;

test("extension host of a desktop VS Code", { skip }, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-desktop-"));
  try {
    const code = await runTests({
      ...(wanted === "download" ? { version: "stable" } : { vscodeExecutablePath: wanted }),
      extensionDevelopmentPath: root,
      extensionTestsPath: path.join(root, "dist/vscode-host-tests.cjs"),
      launchArgs: [folder, "--disable-extensions", "--disable-workspace-trust"],
    });
    assert.equal(code, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
