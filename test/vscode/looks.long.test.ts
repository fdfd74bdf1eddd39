// Pictures of real models in the four kinds of theme, in test-results/, to be looked at one by one. The only test is that none shows an error.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../scripts/setup/terminal.mjs";
import { modelFolder } from "./models.ts";
import { paintedStage, settled, startSession, themes, VscodeWindow, type Session, type ThemeKind } from "./rig/index.ts";

const shared = path.join(root, "../shared/models");
const files = {
  bert: "intel__onnxruntime/onnxruntime__test__testdata__bert_toy_optimized.onnx",
  kws: "emmtrix__emx-onnx-cgen/tests__onnx__micro_kws_m_static_qdq.onnx",
  policy: "google-deepmind__mujoco_playground/mujoco_playground__experimental__sim2sim__onnx__go1_policy.onnx",
};
const found = Object.entries(files).filter(([, file]) => existsSync(path.join(shared, file)));
const folder = modelFolder(Object.fromEntries(found.map(([name, file]) => [`${name}.onnx`, path.join(shared, file)])));
let session: Session;
let window: VscodeWindow;

before(async () => {
  session = await startSession();
  window = await VscodeWindow.open(session, { folder: folder.path, viewport: { width: 1500, height: 900 } });
});

after(async () => {
  await window?.close();
  await session?.stop();
  folder.remove();
});

for (const name of Object.keys(files)) {
  const skip = found.some(([has]) => has === name) ? false : "its file is not there";
  test(`${name} in every theme`, { skip, timeout: 600_000 }, async () => {
    await window.setTheme("dark");
    const page = await window.openModel(`${name}.onnx`);
    await settled(page);
    await page.locator(".graph-frame").click({ position: { x: 5, y: 5 } });
    await page.getByRole("treeitem").filter({ hasText: /fuse/ }).first().click();
    await settled(page);
    const firstNode = (): Promise<void> => window.page.keyboard.press("ArrowDown");
    await page.locator(".graph-frame").click({ position: { x: 5, y: 5 } });
    for (let n = 0; n < 6; n++) await firstNode();
    await window.page.keyboard.press("f");
    assert.ok((await paintedStage(page)) > 0);
    for (const kind of Object.keys(themes) as ThemeKind[]) {
      await window.setTheme(kind);
      await page.waitForFunction((name) => document.body.classList.contains(name), themes[kind].pageClass);
      await page.waitForTimeout(500);
      for (const view of ["Graph", "Kernels", "Memory"]) {
        await page.getByRole("tab", { name: view }).click();
        await page.waitForTimeout(500);
        await window.screenshot(`looks-${name}-${kind}-${view.toLowerCase()}`);
      }
      await page.getByRole("tab", { name: "Graph" }).click();
    }
    assert.deepEqual(await window.visibleErrors(), []);
    await window.command("View: Close Editor");
  });
}
