/** Screenshots of the page in every theme and two widths, for looking at: test-results/gallery. Run: npm run gallery. */
import { mkdirSync } from "node:fs";
import type { Page } from "playwright-core";
import { mlp } from "./fixture.ts";
import { launch, noChromium, open, type OpenOptions } from "./page.ts";
import { syntheticMessages } from "./synthetic.ts";
import { themeNames } from "./themes.ts";

const folder = "test-results/gallery";

interface Scene {
  readonly name: string;
  readonly options: () => Pick<OpenOptions, "messages" | "texts" | "replies">;
  readonly act: (page: Page) => Promise<void>;
}

const press = async (page: Page, keys: readonly string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
  await page.waitForTimeout(1200);
};
const stepTo = (page: Page, times: number): Promise<void> =>
  press(
    page,
    Array.from({ length: times }, () => "j"),
  );
const groupOne = async (page: Page): Promise<void> => {
  await stepTo(page, 7);
  await page.click("#tab-groups");
  await page.click("#group-1");
  await page.waitForTimeout(400);
};

const scenes: readonly Scene[] = [
  { name: "1-imported", options: () => mlp(), act: (page) => press(page, []) },
  { name: "2-rewrite", options: () => mlp(), act: (page) => stepTo(page, 4) },
  {
    name: "3-before-after",
    options: () => mlp(),
    act: async (page) => {
      await stepTo(page, 4);
      await page.click("text=Before | After");
      await page.waitForTimeout(1200);
    },
  },
  { name: "4-fusion", options: () => mlp(), act: groupOne },
  {
    name: "5-kernels",
    options: () => mlp(),
    act: async (page) => {
      await groupOne(page);
      await press(page, ["2"]);
      await page.hover("#cpp-9", { position: { x: 80, y: 8 } });
      await page.waitForTimeout(300);
    },
  },
  {
    name: "6-buffers",
    options: () => mlp(),
    act: async (page) => {
      await press(page, ["3"]);
      await page.click("#buffer-0");
      await page.waitForTimeout(300);
    },
  },
  {
    name: "7-benchmark",
    options: () => mlp(),
    act: async (page) => {
      await press(page, ["4"]);
      await page.click("text=Run benchmark");
      await page.waitForTimeout(500);
    },
  },
  { name: "8-failed-pass", options: () => mlp({ failAt: 8 }), act: (page) => press(page, ["End", "j", "j", "j", "j", "j", "j", "j"]) },
  {
    name: "9-options",
    options: () => mlp(),
    act: async (page) => {
      await page.click("text=All passes on");
      await page.waitForTimeout(300);
    },
  },
  { name: "10-large", options: () => ({ messages: syntheticMessages(4000) }), act: (page) => press(page, ["j"]) },
  {
    name: "11-large-from-afar",
    options: () => ({ messages: syntheticMessages(4000) }),
    act: async (page) => {
      await page.click(".graph-canvas >> nth=1");
      await press(page, ["-", "-", "-", "-", "-", "-"]);
    },
  },
];

async function main(): Promise<void> {
  if (noChromium) throw new Error(noChromium);
  mkdirSync(folder, { recursive: true });
  const browser = await launch();
  const wanted = process.argv.slice(2);
  for (const theme of themeNames) {
    for (const width of theme.startsWith("high") ? [1400] : [1400, 800]) {
      for (const scene of scenes) {
        const name = `${theme}-${width}-${scene.name}`;
        if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
        const { page, errors } = await open(browser, { ...scene.options(), theme, width, height: 860 });
        await page.waitForSelector("body[data-settled=true]");
        await scene.act(page);
        await page.screenshot({ path: `${folder}/${name}.png` });
        console.log(`${folder}/${name}.png${errors.length > 0 ? `  ERRORS: ${errors.join("; ")}` : ""}`);
        await page.context().close();
      }
    }
  }
  await browser.close();
}

await main();
