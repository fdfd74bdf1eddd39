/** Pictures of measurements, in a real VS Code. They say what this machine did: take them when nothing else runs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Frame } from "playwright-core";
import { settled, showTexts, startSession, VscodeWindow } from "../vscode/rig/index.ts";
import { writeLayer } from "../webview/traces.ts";

interface Measured {
  readonly file: string;
  readonly theme: "dark" | "light";
  readonly act: (window: VscodeWindow, page: Frame, file: string) => Promise<void>;
}

const benchmark = async (window: VscodeWindow, page: Frame): Promise<void> => {
  await window.command("Fusionscope: Benchmark the Model");
  await page.locator(".bench-result").waitFor({ timeout: 300_000 });
  await page
    .locator(".notifications-toasts .notification-toast")
    .waitFor({ state: "hidden" })
    .catch(() => undefined);
};

const pictures: readonly Measured[] = [
  {
    file: "benchmark-light.png",
    theme: "light",
    act: async (window, page, file) => {
      await benchmark(window, page);
      await page.locator("#view-bench").screenshot({ path: file });
    },
  },
  {
    file: "benchmark-hot-lines-dark.png",
    theme: "dark",
    act: async (window, page, file) => {
      await benchmark(window, page);
      await page.getByRole("tab", { name: "Kernels" }).click();
      await showTexts(page, "C++", "Assembly");
      for (const title of ["C++", "Assembly"])
        await page.locator(`.code-column[aria-label="${title}"]`).getByRole("button", { name: "hottest" }).click({ timeout: 120_000 });
      await page.waitForTimeout(1000);
      await page.locator("#view-kernels").screenshot({ path: file });
    },
  },
];

export async function measuredPictures(folder: string, isWanted: (file: string) => boolean): Promise<void> {
  const wanted = pictures.filter(({ file }) => isWanted(file));
  if (wanted.length === 0) return;
  const models = mkdtempSync(path.join(tmpdir(), "fusionscope-pictures-"));
  writeLayer(path.join(models, "bert-layer.onnx"));
  const session = await startSession();
  try {
    const window = await VscodeWindow.open(session, { folder: models, viewport: { width: 1700, height: 1100 } });
    for (const { file, theme, act } of wanted) {
      await window.setTheme(theme);
      const page = await window.openModel("bert-layer.onnx");
      await settled(page);
      await act(window, page, path.join(folder, file));
      console.log(path.join(folder, file));
      await window.command("View: Close Editor");
    }
  } finally {
    await session.stop();
    rmSync(models, { recursive: true, force: true });
  }
}
