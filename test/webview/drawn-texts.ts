/** What a page writes on its canvases, as boxes: the same on every machine up to the width of its fonts. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";

export interface TextBox {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Goes into a page before its script: notes every text of a canvas until the canvas is cleared. Boxes are in CSS pixels of the canvas. */
export const noteTexts = `(() => {
  const proto = CanvasRenderingContext2D.prototype;
  const { clearRect, fillText } = proto;
  const notes = new WeakMap();
  proto.clearRect = function (...args) {
    notes.set(this.canvas, []);
    return clearRect.apply(this, args);
  };
  proto.fillText = function (text, x, y, most) {
    const list = notes.get(this.canvas);
    if (list && this.canvas.clientWidth > 0) {
      const ratio = this.canvas.width / this.canvas.clientWidth;
      const { a, d, e, f } = this.getTransform();
      const metrics = this.measureText(text);
      const natural = metrics.actualBoundingBoxRight + metrics.actualBoundingBoxLeft;
      const part = most === undefined || natural <= most ? 1 : most / natural;
      const left = x - metrics.actualBoundingBoxLeft * part;
      list.push({
        text,
        x: (left * a + e) / ratio,
        y: ((y - metrics.actualBoundingBoxAscent) * d + f) / ratio,
        w: (natural * part * a) / ratio,
        h: ((metrics.actualBoundingBoxAscent + metrics.actualBoundingBoxDescent) * d) / ratio,
      });
    }
    return most === undefined ? fillText.call(this, text, x, y) : fillText.call(this, text, x, y, most);
  };
  window.drawnTexts = () => [...document.querySelectorAll(".graph-canvas")].filter((c) => c.clientWidth > 0).map((c) => notes.get(c) ?? []);
})()`;

/** Texts of each graph canvas in sight. */
export const drawnTexts = (page: Page): Promise<TextBox[][]> => page.evaluate("window.drawnTexts()") as Promise<TextBox[][]>;

/** A pixel less on each side: letters of neighbouring lines may touch. */
const slack = 1;

/** Pairs of texts that lie on each other. */
export function overlaps(boxes: readonly TextBox[]): string[] {
  const found: string[] = [];
  const sorted = [...boxes].filter(({ text }) => text.trim() !== "").sort((a, b) => a.y - b.y);
  sorted.forEach((a, i) => {
    for (let j = i + 1; j < sorted.length; j += 1) {
      const b = sorted[j] as TextBox;
      if (b.y > a.y + a.h) break;
      const across = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
      const down = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
      if (across > 2 * slack && down > 2 * slack) found.push(`"${a.text}" and "${b.text}" at ${Math.round(b.x)}, ${Math.round(b.y)}`);
    }
  });
  return found;
}

/** Texts too small to be read. */
export const specks = (boxes: readonly TextBox[]): string[] => boxes.filter(({ h }) => h > 0 && h < 2.4).map(({ text }) => text);

/** No text of the page's frame is cut off without an ellipsis, and nothing in it sticks out of the window. */
export async function assertNothingClipped(page: Page, what: string): Promise<void> {
  const clipped = (await page.evaluate(() => {
    const bad: string[] = [];
    const parents = ".options-bar, .toolbar, .tools, .tab-row, .tabs, .legend, .status-line, .section-head, .totals, .bench-controls";
    for (const parent of document.querySelectorAll<HTMLElement>(parents)) {
      const outer = parent.getBoundingClientRect();
      if (outer.width === 0) continue;
      for (const child of parent.children) {
        const inner = child.getBoundingClientRect();
        if (inner.width === 0 || getComputedStyle(child).position === "absolute") continue;
        if (inner.right > outer.right + 1 || inner.left < outer.left - 1 || inner.bottom > outer.bottom + 1)
          bad.push(`${parent.className}: "${(child as HTMLElement).innerText.slice(0, 40)}" sticks out`);
      }
    }
    for (const element of document.querySelectorAll<HTMLElement>("button, .tab, h2, .tool-option, .legend li, .option")) {
      const style = getComputedStyle(element);
      if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1 && style.textOverflow !== "ellipsis")
        bad.push(`"${element.innerText.slice(0, 40)}" is cut off`);
    }
    for (const shape of document.querySelectorAll<HTMLElement>(".lists-section .node-shape")) {
      const row = shape.closest(".row")?.getBoundingClientRect();
      if (!row || row.width === 0) continue;
      if (shape.getBoundingClientRect().right > row.right) bad.push(`the shape ${shape.textContent} sticks out of its row`);
      if (shape.classList.contains("whole") && shape.scrollWidth > shape.clientWidth + 1)
        bad.push(`the short shape ${shape.textContent} is cut off`);
    }
    if (document.documentElement.scrollWidth > innerWidth) bad.push("the page is wider than the window");
    return bad;
  })) as string[];
  assert.deepEqual(clipped, [], what);
}
