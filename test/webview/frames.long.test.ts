// Frames while a graph is dragged, with nothing folded. Looking takes time of its own: the caps are loose, the figures are printed.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch, noChromium, open } from "./page.ts";
import { syntheticMessages } from "./synthetic.ts";

/** Zooms by wheel turns until the graph is at about `k`. */
const zoomTo = (page: Page, k: number): Promise<void> =>
  page.evaluate(
    `(() => {
      const canvas = [...document.querySelectorAll(".graph-canvas")].find((c) => c.clientWidth > 0);
      const box = canvas.getBoundingClientRect();
      for (let i = 0; i < 200 && Math.abs(Math.log2(${k} / canvas.__zoom.k)) > 0.03; i += 1) {
        const deltaY = -Math.max(-300, Math.min(300, Math.log2(${k} / canvas.__zoom.k) / 0.002));
        canvas.dispatchEvent(new WheelEvent("wheel", { deltaY, clientX: box.left + 300, clientY: box.top + 300, bubbles: true, cancelable: true }));
      }
    })()`,
  );

describe("frames", { skip: noChromium }, () => {
  let browser: Browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  for (const [nodes, scale, cap] of [
    [10_000, 1, 40],
    [10_000, 2, 60],
    [50_000, 1, 80],
  ] as const) {
    test(`${nodes} nodes are dragged, ${100 * scale} %`, async (t) => {
      const { page, errors } = await open(browser, { messages: syntheticMessages(nodes), width: 1280, scale });
      await page.waitForSelector("body[data-still=true]", { timeout: 90_000 });
      await page.evaluate(
        `(() => { const fold = document.querySelector('vscode-dropdown[aria-label="Fold"]'); fold.value = "none"; fold.dispatchEvent(new Event("change")); })()`,
      );
      await page.waitForTimeout(300);
      await page.waitForSelector("body[data-still=true]", { timeout: 90_000 });
      for (const k of [0.01, 0.05, 0.2, 0.34, 0.6, 1]) {
        await zoomTo(page, k);
        await page.waitForTimeout(200);
        const { moved, times } = (await page.evaluate(panFrames)) as { moved: number; times: number[] };
        const sorted = [...times].sort((a, b) => a - b);
        const median = sorted[sorted.length >> 1] as number;
        t.diagnostic(`zoom ${k}: median frame ${median.toFixed(1)} ms, worst ${sorted.at(-1)?.toFixed(1)} ms (target 17)`);
        assert.ok(moved > 100, "the picture moves");
        assert.ok(median < cap, `zoom ${k}: ${median} ms`);
      }
      assert.deepEqual(errors, []);
      await page.context().close();
    });
  }
});

/** Drags the graph for 60 frames; gives their times and how far the camera went. */
const panFrames = `new Promise((resolve) => {
  const canvas = [...document.querySelectorAll(".graph-canvas")].find((c) => c.clientWidth > 0);
  const box = canvas.getBoundingClientRect();
  const mouse = (target, type, y) =>
    target.dispatchEvent(new MouseEvent(type, { clientX: box.left + 300, clientY: y, bubbles: true, cancelable: true, view: window, buttons: 1 }));
  const begin = canvas.__zoom.y;
  let moved = 0;
  const times = [];
  let last = performance.now();
  mouse(canvas, "mousedown", box.top + 600);
  const turn = (i) => requestAnimationFrame((now) => {
    times.push(now - last);
    last = now;
    moved = Math.max(moved, Math.abs(canvas.__zoom.y - begin));
    if (i === 60) {
      mouse(window, "mouseup", box.top + 600);
      return resolve({ moved, times: times.slice(2) });
    }
    mouse(window, "mousemove", box.top + 600 - 8 * (i < 30 ? i : 60 - i));
    turn(i + 1);
  });
  turn(0);
})`;
