/**
 * Times of the page alone. The caps are loose, because tests share the machine; the targets and what was measured on a quiet
 * one are in docs/decisions/0006-page.md.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch, noChromium, open } from "./page.ts";
import { syntheticMessages } from "./synthetic.ts";

/** From the key event in the page to the end of the frame that painted the stage. */
export async function stepMs(page: Page, key: string, stage: number): Promise<number> {
  return page.evaluate(
    ([pressed, wanted]) =>
      new Promise<number>((resolve) => {
        const begin = performance.now();
        const look = (): void => {
          if (document.body.dataset.painted === wanted) resolve(performance.now() - begin);
          else requestAnimationFrame(look);
        };
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: pressed as string, bubbles: true }));
        requestAnimationFrame(look);
      }),
    [key, String(stage)],
  );
}

/** From the first message to the settled picture. */
async function firstPicture(browser: Browser, nodes: number): Promise<{ ms: number; page: Page }> {
  const { page, errors } = await open(browser, { messages: [] });
  await page.evaluate(`window.held = recordedCodec.decodeRecorded(${JSON.stringify(await encoded(nodes))})`);
  const ms = (await page.evaluate(`new Promise((resolve) => {
    const begin = performance.now();
    for (const message of window.held) window.postMessage(message, "*");
    const look = () => (document.body.dataset.settled === "true" ? resolve(performance.now() - begin) : requestAnimationFrame(look));
    look();
  })`)) as number;
  assert.deepEqual(errors, []);
  return { ms, page };
}

async function encoded(nodes: number): Promise<string> {
  const { encodeRecorded } = await import("../../webview/recorded.ts");
  return encodeRecorded(syntheticMessages(nodes));
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;

/** Shows the graph without folding, as the user would. */
async function unfold(page: Page): Promise<number> {
  return (await page.evaluate(`new Promise((resolve) => {
    const begin = performance.now();
    const select = document.querySelector('[aria-label="Fold"]');
    select.value = "none";
    select.dispatchEvent(new Event("change", { bubbles: true }));
    const look = () => (document.body.dataset.still === "true" ? resolve(performance.now() - begin) : requestAnimationFrame(look));
    requestAnimationFrame(look);
  })`)) as number;
}

/** What the page holds after its garbage was collected, in MiB: its own thread, without workers. */
async function heapMiB(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.enable").then(() => session.send("Performance.getMetrics"));
  return (metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? NaN) / 2 ** 20;
}

async function steps(page: Page): Promise<{ first: number[]; again: number[] }> {
  const first: number[] = [];
  for (const stage of [2, 3, 4]) first.push(await stepMs(page, "j", stage));
  const again: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (const stage of [3, 2]) again.push(await stepMs(page, "k", stage));
    for (const stage of [3, 4]) again.push(await stepMs(page, "j", stage));
  }
  return { first, again };
}

describe("speed", { skip: noChromium }, () => {
  let browser: Browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  test("a step at 4,000 nodes", async (t) => {
    for (const folded of [true, false]) {
      const { page, ms } = await firstPicture(browser, 4000);
      const whole = folded ? 0 : await unfold(page);
      t.diagnostic(
        `${folded ? "folded" : "unfolded"}: first picture of 4,000 nodes: ${ms.toFixed(0)} ms${folded ? "" : `, unfolded in ${whole.toFixed(0)} ms`}`,
      );
      const { first, again } = await steps(page);
      const text = first.map((m) => m.toFixed(0)).join(", ");
      t.diagnostic(
        `steps, first time: ${text} ms; again: median ${median(again).toFixed(0)} ms, worst ${Math.max(...again).toFixed(0)} ms (target 100)`,
      );
      assert.ok(median([...first, ...again]) < 400, "a step takes far too long");
      await page.context().close();
    }
  });

  for (const [nodes, cap] of [
    [400, 4000],
    [1000, 4000],
    [10_000, 8000],
    [50_000, 30_000],
  ] as const) {
    test(`the first picture of ${nodes} nodes`, async (t) => {
      const { ms, page } = await firstPicture(browser, nodes);
      t.diagnostic(`${nodes} nodes: ${ms.toFixed(0)} ms from messages to the settled picture, ${(await heapMiB(page)).toFixed(0)} MiB`);
      assert.ok(ms < cap);
      const pan = (await page.evaluate(`new Promise((resolve) => {
        const canvas = [...document.querySelectorAll(".graph-canvas")].find((c) => c.clientWidth > 0);
        const times = []; let last = performance.now();
        const turn = (i) => requestAnimationFrame((now) => {
          times.push(now - last); last = now;
          if (i === 40) return resolve(times.slice(1));
          canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: i < 20 ? 60 : -60, clientX: 500, clientY: 400, bubbles: true, cancelable: true }));
          turn(i + 1);
        });
        turn(0);
      })`)) as number[];
      t.diagnostic(`zooming: median frame ${median(pan).toFixed(0)} ms, worst ${Math.max(...pan).toFixed(0)} ms`);
      await page.context().close();
    });
  }
});
