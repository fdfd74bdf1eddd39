/**
 * Pictures of the page in every theme and two widths, for looking at, with a page that shows all of them side by side:
 * test-results/gallery/index.html. Run: npm run gallery [-- part of a name ...].
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { launch, noChromium, open } from "./page.ts";
import { scenes, type Scene } from "./scenes.ts";
import { themeNames } from "./themes.ts";

const folder = "test-results/gallery";

/** One row a scene, one column a theme. */
function writeIndex(): void {
  const files = readdirSync(folder).filter((name) => name.endsWith(".png"));
  const row = ({ name, what }: Scene): string => {
    const own = files.filter((file) => file.endsWith(`-${name}.png`));
    const figures = own.map(
      (file) =>
        `<figure><a href="${file}"><img src="${file}" loading="lazy" alt="${what}: ${file}"></a><figcaption>${file}</figcaption></figure>`,
    );
    return `<h2>${name}: ${what}</h2><div>${figures.join("")}</div>`;
  };
  const style =
    "body{font:14px system-ui;margin:24px;background:#ddd}div{display:flex;flex-wrap:wrap;gap:12px}figure{margin:0}img{width:560px;border:1px solid #888}figcaption{font-size:12px}";
  const page = `<!DOCTYPE html><html lang="en"><meta charset="UTF-8"><title>Fusionscope: pictures of the page</title><style>${style}</style><h1>Pictures of the page</h1>${scenes.map(row).join("\n")}</html>\n`;
  writeFileSync(`${folder}/index.html`, page);
  console.log(`${folder}/index.html`);
}

async function main(): Promise<void> {
  if (noChromium) throw new Error(noChromium);
  const wanted = process.argv.slice(2);
  if (wanted.length === 0) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const browser = await launch();
  for (const theme of themeNames) {
    for (const width of theme.startsWith("high") ? [1400] : [1400, 800]) {
      for (const scene of scenes) {
        const name = `${theme}-${width}-${scene.name}`;
        if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
        const { page, errors } = await open(browser, { ...scene.options(), theme, width, height: 860 });
        if (!scene.name.endsWith("cannot-be-read")) await page.waitForSelector("body[data-still=true]", { timeout: 60_000 });
        await scene.act(page);
        await page.screenshot({ path: `${folder}/${name}.png` });
        console.log(`${folder}/${name}.png${errors.length > 0 ? `  ERRORS: ${errors.join("; ")}` : ""}`);
        await page.context().close();
      }
    }
  }
  await browser.close();
  writeIndex();
}

await main();
