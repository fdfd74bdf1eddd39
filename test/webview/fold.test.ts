// Folding by keyboard and mouse: what is opened or closed stays exactly where it is.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch, noChromium, open, type Opened } from "./page.ts";
import { syntheticMessages } from "./synthetic.ts";

const still = (page: Page): Promise<unknown> => page.waitForSelector("body[data-still=true]", { timeout: 30_000 });

interface Edge {
  readonly x: number;
  readonly top: number;
}

/**
 * Where the graph has something that the tooltip calls so: the first point found, and the middle of its upper edge. Looks by moving the pointer
 * inside of the page, which is much faster than from here; edges may lie over a part of it.
 */
async function find(
  page: Page,
  title: string,
): Promise<{ readonly point: { readonly x: number; readonly y: number }; readonly edge: Edge }> {
  const found = await page.evaluate((wanted) => {
    const canvas = [...document.querySelectorAll(".graph-canvas")].find((one) => one.clientWidth > 0) as HTMLElement;
    const tip = document.querySelector(".tooltip") as HTMLElement;
    const box = canvas.getBoundingClientRect();
    const at = (x: number, y: number): boolean => {
      canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y, bubbles: true }));
      return !tip.hidden && tip.firstElementChild?.textContent === wanted;
    };
    const search = (): { x: number; y: number } | undefined => {
      for (let y = box.top + 30; y < box.bottom - 30; y += 15)
        for (let x = box.left + 20; x < box.right - 100; x += 50) if (at(x, y)) return { x, y };
      return undefined;
    };
    const point = search();
    if (!point) return undefined;
    let top = point.y;
    while (at(point.x, top - 0.5)) top -= 0.5;
    const outermost = (from: number, way: 1 | -1): number => {
      let x = from;
      while (!at(x, top + 5)) x += 3 * way; // between its border and an edge beside it there is not much
      x -= 3 * way;
      while (!at(x, top + 5)) x += way;
      return x;
    };
    const [left, right] = [outermost(box.left, 1), outermost(box.right - 90, -1)];
    canvas.dispatchEvent(new PointerEvent("pointerleave"));
    return { point: { x: point.x, y: top + 5 }, edge: { x: (left + right) / 2, top } };
  }, title);
  assert.ok(found, `nothing is called ${title}`);
  return found;
}

const assertSamePlace = (now: Edge, before: Edge, what: string): void =>
  assert.ok(Math.abs(now.x - before.x) <= 2 && Math.abs(now.top - before.top) <= 1, `${what}: ${JSON.stringify({ before, now })}`);

/** The first block is open as an example; its attention is a frame. */
async function folded(browser: Browser, reducedMotion = false): Promise<Opened> {
  const opened = await open(browser, { messages: syntheticMessages(640), reducedMotion, width: 1700 });
  await still(opened.page);
  return opened;
}

describe("folding", { skip: noChromium }, () => {
  let browser: Browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  for (const reducedMotion of [false, true]) {
    test(`a cluster opens and closes where it is${reducedMotion ? ", without motion" : ""}`, async () => {
      const { page, errors } = await folded(browser, reducedMotion);
      const first = await find(page, "attention");
      const press = async (key: string): Promise<Edge> => {
        await page.keyboard.press(key);
        await still(page);
        return (await find(page, "attention")).edge;
      };
      await page.mouse.click(first.point.x, first.point.y);
      const closed = await press("c");
      assertSamePlace(closed, first.edge, "closed");
      assertSamePlace(await press("e"), closed, "opened by e");
      assertSamePlace(await press("c"), closed, "closed again");
      assertSamePlace(await press("Enter"), closed, "opened by Enter");
      await page.mouse.dblclick(first.point.x, first.point.y);
      await still(page);
      assertSamePlace((await find(page, "attention")).edge, closed, "closed by a double click");
      assert.deepEqual(errors, []);
      await page.context().close();
    });
  }

  test("stepping keeps what was closed, where it was", async () => {
    const { page, errors } = await folded(browser);
    const { point } = await find(page, "attention");
    await page.mouse.click(point.x, point.y);
    await page.keyboard.press("c");
    await still(page);
    const { edge } = await find(page, "attention");
    for (const [key, stage] of [
      ["j", 2],
      ["j", 3],
      ["k", 2],
    ] as const) {
      await page.keyboard.press(key);
      await page.waitForSelector(`body[data-painted="${stage}"][data-still=true]`);
      assertSamePlace((await find(page, "attention")).edge, edge, `stage ${stage}`);
    }
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});
