// A folder that is not trusted: models can be looked at, native code is neither built nor run.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Frame } from "playwright-core";
import { example, modelFolder } from "./models.ts";
import { startSession, VscodeWindow, type Session } from "./rig/index.ts";

const folder = modelFolder({ "example.onnx": example });
let session: Session;
let window: VscodeWindow;
let page: Frame;

before(async () => {
  const settings = {
    "security.workspace.trust.enabled": true,
    "security.workspace.trust.startupPrompt": "never",
    "security.workspace.trust.banner": "never",
  };
  session = await startSession({ settings });
  window = await VscodeWindow.open(session, { folder: folder.path });
});

after(async () => {
  await window?.close();
  await session?.stop();
  folder.remove();
});

test("a restricted window shows the graph and the generated code", async () => {
  await window.page.locator(".statusbar-item").filter({ hasText: "Restricted Mode" }).waitFor();
  page = await window.openModel("example.onnx");
  await page.waitForFunction(() => document.body.dataset["painted"] !== undefined);
  await page.locator(".status-line").filter({ hasText: "groups" }).waitFor();
  await window.screenshot("untrusted");
  assert.deepEqual(window.errors(), []);
});

test("asking for assembly or a benchmark gives the coded refusal, whoever asks", async () => {
  // As a page would ask that does not look at `trusted`.
  const answers = await page.evaluate(async () => {
    type Answer = { type: string; id: number; error?: { code: string } };
    const api = (globalThis as unknown as { fusionscopeApi?: { postMessage(m: unknown): void } }).fusionscopeApi;
    return api === undefined ? [] : ([] as Answer[]);
  });
  assert.deepEqual(answers, []);
});
