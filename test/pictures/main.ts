/**
 * The pictures of the documents, docs/images/*.png, taken anew: npm run pictures [-- [--out FOLDER] part of a name ...]. Those of the page alone come
 * from stored traces; those of a measurement are taken in a real VS Code, and want a quiet machine.
 */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { launch, noChromium, open } from "../webview/page.ts";
import { scenes } from "../webview/scenes.ts";
import type { ThemeName } from "../webview/themes.ts";
import { measuredPictures } from "./measured.ts";

/** A scene of the gallery in a theme, and the file it becomes. */
const pictures: readonly { readonly file: string; readonly scene: string; readonly theme: ThemeName }[] = [
  { file: "inspector-dark.png", scene: "28-inspector", theme: "dark" },
  { file: "hole-dark.png", scene: "29-hole", theme: "dark" },
  { file: "loops-dark.png", scene: "23-loops-before-after", theme: "dark" },
  { file: "compare-light.png", scene: "24-comparison", theme: "light" },
  { file: "fusion-dark.png", scene: "26-fusion-groups", theme: "dark" },
  { file: "memory-dark.png", scene: "25-memory-brushed", theme: "dark" },
];

const args = process.argv.slice(2);
const at = args.indexOf("--out");
const folder = at >= 0 ? (args.splice(at, 2)[1] ?? "") : "docs/images";
const isWanted = (file: string): boolean => args.length === 0 || args.some((part) => file.includes(part));

async function main(): Promise<void> {
  if (noChromium) throw new Error(noChromium);
  mkdirSync(folder, { recursive: true });
  const wanted = pictures.filter(({ file }) => isWanted(file));
  const browser = await launch();
  for (const { file, scene, theme } of wanted) {
    const found = scenes.find(({ name }) => name === scene);
    if (!found) throw new Error(`there is no scene ${scene}`);
    const { page, errors } = await open(browser, { ...found.options(), theme, width: 1400, height: 860 });
    await page.waitForSelector("body[data-still=true]", { timeout: 60_000 });
    await found.act(page);
    await page.waitForTimeout(1000);
    if (errors.length > 0) throw new Error(`${file}: ${errors.join("; ")}`);
    await page.screenshot({ path: path.join(folder, file) });
    console.log(path.join(folder, file));
    await page.context().close();
  }
  await browser.close();
  await measuredPictures(folder, isWanted);
}

await main();
