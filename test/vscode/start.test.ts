// npm start as a user has it: the package is built and installed into a fresh VS Code, and the model is open in the inspector on load.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { root } from "../../scripts/setup/terminal.mjs";
import { launchChromium, webviewFrame } from "./rig/index.ts";

const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-start-"));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

/** Starts it, and waits for the address that it prints. */
async function npmStart(version: string): Promise<{ address: string; stop: () => Promise<number | null> }> {
  const args = ["scripts/start.mjs", "--web", "--no-open", "--no-install", "--skip-missing", "--version", version, "--data", folder];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  child.stdout.on("data", (data: Buffer) => (printed += data.toString()));
  child.stderr.on("data", (data: Buffer) => (printed += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const find = (): string | undefined => /http:\/\/localhost:\S+/.exec(printed)?.[0];
  const limit = Date.now() + 60_000;
  while (find() === undefined && child.exitCode === null && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 50));
  const stop = (): Promise<number | null> => {
    child.kill("SIGINT");
    return ended;
  };
  const address = find();
  if (address === undefined) {
    await stop();
    throw new Error(`npm start printed no address:\n${printed}`);
  }
  return { address, stop };
}

test("npm start opens the model in the inspector", async () => {
  const { address, stop } = await npmStart(process.env["FUSIONSCOPE_VSCODE"] ?? "4.100.0");
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    await page.goto(address);
    await page.locator('.tab[aria-label*="example-mlp.onnx"]').waitFor({ timeout: 60_000 });
    const frame = await webviewFrame(page, { extensionId: "fusionscope.fusionscope", timeout: 60_000 });
    await frame.getByText("Passes", { exact: false }).first().waitFor();
    const refused = await fetch(address.replace(/tkn=\w+/, "tkn=wrong"));
    assert.equal(refused.status, 403, "the address works without its token");
  } finally {
    await browser.close();
    assert.equal(await stop(), 0);
  }
});
