// What the graph draws, from recorded compilations: no text on another, none too small, none cut off in the frame of the page.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { assertNothingClipped, drawnTexts, noteTexts, overlaps, specks, type TextBox } from "./drawn-texts.ts";
import { mlp, type Fixture } from "./fixture.ts";
import { choose, launch, noChromium, open, still, type Opened } from "./page.ts";
import { layerFixture } from "./traces.ts";

async function toStage({ page, deliver }: Opened, stage: number): Promise<void> {
  await deliver({ type: "command", command: { name: "show-stage", stage } });
  await page.waitForSelector(`body[data-painted="${stage}"]`);
  await still(page);
}

/** @param near close enough for texts */
async function assertLegible(page: Page, what: string, near = true): Promise<void> {
  const canvases = await drawnTexts(page);
  assert.ok(!near || canvases.some((texts) => texts.length > 3), `${what}: texts are drawn`);
  for (const texts of canvases) {
    assert.deepEqual(overlaps(texts), [], `${what}: texts lie on each other`);
    assert.deepEqual(specks(texts), [], `${what}: texts are too small`);
  }
}

describe("pictures of the graph", { skip: noChromium }, () => {
  let browser: Browser;
  let bert: Fixture;
  let fuse: number;
  before(async () => {
    browser = await launch();
    bert = layerFixture(1);
    const summary = bert.messages.find((message) => message.type === "summary");
    fuse = (summary?.type === "summary" && summary.summary.passes.find(({ name }) => name === "fuse")?.index) || 0;
    assert.ok(fuse > 0, "there is a fusion pass");
  });
  after(() => browser.close());

  for (const scale of [1, 2]) {
    test(`texts are legible and nothing is cut off at 1280 and 800 px, ${100 * scale} %`, async () => {
      const opened = await open(browser, { ...bert, width: 1280, scale, init: noteTexts, theme: scale === 1 ? "dark" : "light" });
      const { page } = opened;
      await still(page);
      for (const width of [1280, 800]) {
        await page.setViewportSize({ width, height: 900 });
        await toStage(opened, 0);
        await choose(page, "Colour by", "kind");
        await assertLegible(page, `import, ${width} px`);
        await assertNothingClipped(page, `import, ${width} px`);
        await toStage(opened, fuse);
        await assertLegible(page, `groups, ${width} px`);
        await choose(page, "Colour by", "flops");
        await assertLegible(page, `colours by flops, ${width} px`);
        await assertNothingClipped(page, `colours by flops, ${width} px`);
        for (const view of ["2", "3", "4", "5", "1"]) {
          await page.keyboard.press(view);
          await page.waitForTimeout(60);
          await assertNothingClipped(page, `view ${view}, ${width} px`);
        }
      }
      await page.focus(".graph-frame");
      for (const keys of ["---", "---", "+++++++++++++"]) {
        for (const key of keys) await page.keyboard.press(key);
        await still(page);
        await assertLegible(page, `zoom ${keys}`, false);
      }
      assert.deepEqual(opened.errors, []);
      await page.context().close();
    });
  }

  test("before and after, changes marked, data to the right: texts are legible", async () => {
    const opened = await open(browser, { ...mlp(), width: 1280, init: noteTexts });
    await still(opened.page);
    for (const stage of [4, 5, 7]) {
      await toStage(opened, stage);
      await assertLegible(opened.page, `stage ${stage}`);
    }
    await opened.deliver({ type: "command", command: { name: "toggle-diff" } });
    await still(opened.page);
    await assertLegible(opened.page, "before and after");
    await opened.page.click('button[aria-label^="Data flows downwards"]');
    await still(opened.page);
    await assertLegible(opened.page, "to the right");
    assert.deepEqual(opened.errors, []);
    await opened.page.context().close();
  });

  test("a tensor is followed both ways, and Escape ends it", async () => {
    const opened = await open(browser, { ...mlp(), init: noteTexts });
    const { page } = opened;
    await still(page);
    await opened.deliver({ type: "command", command: { name: "select-source", source: 4 } });
    await page.focus(".graph-frame");
    const note = (): Promise<string> => page.innerText(".follow-note");
    await page.keyboard.press("u");
    assert.match(await note(), /made from: \d+ boxes/);
    const up = Number(/: (\d+)/.exec(await note())?.[1]);
    await page.keyboard.press("d");
    const both = Number(/: (\d+)/.exec(await note())?.[1]);
    assert.ok(both > up, `${both} boxes both ways, ${up} upstream`);
    await page.keyboard.press("Escape");
    assert.equal(await page.isVisible(".follow-note"), false);
    await page.keyboard.press("ContextMenu");
    await page.waitForSelector("[role=menu]");
    await page.keyboard.press("ArrowDown");
    assert.match((await page.evaluate("document.activeElement.innerText")) as string, /downstream/);
    await page.keyboard.press("Enter");
    assert.match(await note(), /made from it: \d+/);
    assert.equal(await page.locator("[role=menu]").count(), 0);
    assert.deepEqual(opened.errors, []);
    await page.context().close();
  });

  test("times colour the graph once there is a benchmark; until then there is a way to it", async () => {
    const opened = await open(browser, { ...mlp(), init: noteTexts });
    const { page } = opened;
    await still(page);
    await toStage(opened, 9);
    await choose(page, "Colour by", "time");
    assert.match(await page.innerText(".legend"), /benchmark of the model first/);
    await page.click(".legend .link");
    await page.click("text=Run benchmark");
    await page.waitForSelector(".bench-result");
    await page.keyboard.press("1");
    await still(page);
    assert.match(await page.innerText(".legend"), /µs|ms/);
    const texts = (await drawnTexts(page)).flat();
    assert.ok(
      texts.some(({ text }) => /^[\d.]+ (µs|ms|ns)$/.test(text)),
      "times are on the boxes",
    );
    await page.context().close();
  });

  test("the graph is saved as SVG with real text, and as PNG", async () => {
    const opened = await open(browser, { ...mlp({ hostile: true }), replies: { saveFile: { path: "picture" } } });
    const { page } = opened;
    await still(page);
    const save = async (what: string): Promise<{ name: string; text?: string; bytes?: Record<string, number> }> => {
      await page.click('button[aria-label^="More"]');
      await page.click(`text=${what}`);
      await page.waitForSelector(".graph-notice:not([hidden])");
      await page.click(".graph-notice button");
      return (await opened.sent()).filter(({ name }) => name === "saveFile").pop()?.arg as never;
    };
    const svg = await save("Save the graph as SVG");
    assert.match(svg.name, /^mlp-gelu-stage-0\.svg$/);
    const read = (await page.evaluate(readSvg, svg.text as string)) as { error: string; texts: TextBox[]; elements: string[] };
    assert.equal(read.error, "");
    assert.deepEqual(
      read.elements.filter((name) => !["svg", "title", "defs", "pattern", "rect", "path", "text"].includes(name)),
      [],
    );
    assert.deepEqual(overlaps(read.texts), []);
    const titles = mlpTitles(opened);
    for (const title of await titles)
      assert.equal(read.texts.filter(({ text }) => text === title).length, (await titles).filter((other) => other === title).length, title);
    assert.ok(
      read.texts.some(({ text }) => text.endsWith("script>")),
      "a name that is markup is text",
    );
    const png = await save("Save this view as PNG");
    assert.match(png.name, /-view\.png$/);
    const size = (await page.evaluate(pngSize, Object.values(png.bytes ?? {}))) as readonly number[];
    const canvas = (await page.evaluate(
      "(() => { const c = [...document.querySelectorAll('.graph-canvas')].find((c) => c.clientWidth > 0); return [c.clientWidth, c.clientHeight]; })()",
    )) as readonly number[];
    assert.deepEqual(size, canvas);
    await page.context().close();
  });
});

/** Operators of the shown graph, by the tree beside it. */
const mlpTitles = ({ page }: Opened): Promise<string[]> => page.locator("#list-nodes .row .node-op").allInnerTexts();

/** Parses a document as a browser would, and measures its texts. */
const readSvg = (source: string): { error: string; texts: TextBox[]; elements: string[] } => {
  const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
  const error = parsed.querySelector("parsererror")?.textContent ?? "";
  const svg = document.importNode(parsed.documentElement, true) as unknown as SVGSVGElement;
  document.body.append(svg);
  const texts = [...svg.querySelectorAll("text")].map((text) => {
    const { x, y, width, height } = text.getBBox();
    // A line is higher than its letters.
    return { text: text.textContent ?? "", x, y: y + 0.2 * height, w: width, h: 0.6 * height };
  });
  svg.remove();
  return { error, texts, elements: [...new Set([...parsed.querySelectorAll("*")].map(({ localName }) => localName))] };
};

const pngSize = async (bytes: number[]): Promise<readonly number[]> => {
  const { width, height } = await createImageBitmap(new Blob([Uint8Array.from(bytes)], { type: "image/png" }));
  return [width, height];
};
