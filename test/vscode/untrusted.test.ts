// A folder that is not trusted: models can be looked at, native code is neither built nor run.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Frame } from "playwright-core";
import { example, modelFolder, onlyOldest } from "./models.ts";
import { compiled, showTexts, startSession, VscodeWindow, type Session } from "./rig/index.ts";

const folder = modelFolder({ "example.onnx": example });
let session: Session;
let window: VscodeWindow;
let page: Frame;

before(async () => {
  if (onlyOldest !== undefined) return;
  const trust = "security.workspace.trust";
  const settings = { [`${trust}.enabled`]: true, [`${trust}.startupPrompt`]: "never", [`${trust}.banner`]: "never" };
  session = await startSession({ settings });
  window = await VscodeWindow.open(session, { folder: folder.path });
});

after(async () => {
  await window?.close();
  await session?.stop();
  folder.remove();
});

test("a restricted window shows the graph and the generated code", { skip: onlyOldest }, async () => {
  await window.page.locator(".statusbar-item").filter({ hasText: "Restricted Mode" }).waitFor();
  page = await window.openModel("example.onnx");
  await page.waitForFunction(() => document.body.dataset["painted"] !== undefined);
  await compiled(page);
  assert.deepEqual(window.errors(), []);
});

test("assembly is refused with a code: nothing is built", { skip: onlyOldest }, async () => {
  await page.getByRole("tab", { name: "Kernels" }).click();
  await showTexts(page, "Assembly");
  await page.locator(".code-column .line").filter({ hasText: "FS_REGION_FUNCTION" }).first().waitFor();
  await page.locator(".code-notice").filter({ hasText: "restricted window" }).waitFor();
  await window.screenshot("untrusted");
});

test("the benchmark is off, in the page and in the palette", { skip: onlyOldest }, async () => {
  await page.getByRole("tab", { name: "Benchmark" }).click();
  await page.locator(".bench").filter({ hasText: "not trusted" }).waitFor();
  await window.palette(">Fusionscope: ");
  const titles = window.page.locator(".quick-input-widget .monaco-list-row");
  await titles.filter({ hasText: "Open Generated C++" }).first().waitFor();
  assert.equal(await titles.filter({ hasText: "Benchmark the Model" }).count(), 0);
  assert.equal(await titles.filter({ hasText: "Open Assembly" }).count(), 0);
  await window.page.keyboard.press("Escape");
});
