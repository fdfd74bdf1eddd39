// The views in the four kinds of theme: pictures in test-results/, to be looked at; the page follows the theme while it is open.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Frame } from "playwright-core";
import { example, modelFolder, onlyOldest } from "./models.ts";
import {
  compiled,
  paintedStage,
  settled,
  startSession,
  themes,
  untilSeen,
  VscodeWindow,
  type Session,
  type ThemeKind,
} from "./rig/index.ts";

const folder = modelFolder({ "example.onnx": example });
let session: Session;
let window: VscodeWindow;
let page: Frame;

before(async () => {
  if (onlyOldest !== undefined) return;
  session = await startSession();
  window = await VscodeWindow.open(session, { folder: folder.path });
  page = await window.openModel("example.onnx");
  await compiled(page);
  await page.locator(".graph-frame").click({ position: { x: 5, y: 5 } });
  for (let n = 0; n < 3; n++) {
    await settled(page);
    const before = await paintedStage(page);
    const step = (): Promise<void> => window.page.keyboard.press("Control+F7");
    await untilSeen("the next pass", step, { seen: async () => (await paintedStage(page)) !== before });
  }
});

after(async () => {
  await window?.close();
  await session?.stop();
  folder.remove();
});

for (const kind of Object.keys(themes) as ThemeKind[]) {
  test(`${kind}: every view`, { skip: onlyOldest }, async () => {
    await window.setTheme(kind);
    await page.waitForFunction((name) => document.body.classList.contains(name), themes[kind].pageClass);
    for (const view of ["Graph", "Kernels", "Memory"]) {
      await page.getByRole("tab", { name: view }).click();
      await page.waitForTimeout(400); // the drawing follows the class a frame later
      await window.screenshot(`${kind}-${view.toLowerCase()}`);
    }
    assert.deepEqual(window.errors(), []);
  });
}
