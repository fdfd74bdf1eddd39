/**
 * Is the planned page possible? Ten thousand generated nodes on the canvas, a strict policy, ELK and our own layout in workers made
 * from text, typed arrays in messages, the toolkit's controls; and how long opening, stepping and zooming take.
 */
import { performance } from "node:perf_hooks";
import type { Browser, Page } from "playwright-core";
import { layout } from "../../../webview/layout/compound.ts";
import { layoutInput } from "../../../webview/layout/input.ts";
import { encodeRecorded } from "../../../webview/recorded.ts";
import { boxesOf } from "../../../webview/model/boxes.ts";
import { Trace } from "../../../webview/model/trace.ts";
import { mlp } from "../../webview/fixture.ts";
import { launch, noChromium, open, pageBundle } from "../../webview/page.ts";
import { syntheticMessages } from "../../webview/synthetic.ts";

const sizes = [400, 1000, 4000, 10_000, 50_000];
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
const say = (text: string): void => console.log(text);

/** Times of the layout alone, in Node. */
function layouts(): void {
  say(" nodes  own layout, ms (median of 3)");
  for (const size of sizes) {
    const trace = new Trace();
    for (const message of syntheticMessages(size)) if (message.type === "stage") trace.add(message.delta);
    const boxes = boxesOf(trace.snapshot(0));
    const times = [1, 2, 3].map(() => {
      const begin = performance.now();
      layout(layoutInput(boxes, "down"));
      return performance.now() - begin;
    });
    say(`${String(size).padStart(6)}  ${median(times).toFixed(0)}`);
  }
}

/** Milliseconds from the first message to the first frame with the graph, and to its final layout. */
const openScript = `new Promise((resolve) => {
  const begin = performance.now();
  let first;
  for (const message of window.held) window.postMessage(message, "*");
  const look = () => {
    if (first === undefined && document.body.dataset.painted !== undefined) first = performance.now() - begin;
    if (document.body.dataset.settled === "true") resolve([first, performance.now() - begin]);
    else requestAnimationFrame(look);
  };
  look();
})`;

const stepScript = (key: string, stage: number): string => `new Promise((resolve) => {
  const begin = performance.now();
  const look = () => (document.body.dataset.painted === "${stage}" ? resolve(performance.now() - begin) : requestAnimationFrame(look));
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "${key}", bubbles: true }));
  requestAnimationFrame(look);
})`;

const zoomScript = `new Promise((resolve) => {
  const canvas = [...document.querySelectorAll(".graph-canvas")].find((c) => c.clientWidth > 0);
  const times = []; let last = performance.now();
  const turn = (i) => requestAnimationFrame((now) => {
    times.push(now - last); last = now;
    if (i === 90) return resolve(times.slice(1));
    canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: i < 45 ? 90 : -90, clientX: 500, clientY: 400, bubbles: true, cancelable: true }));
    turn(i + 1);
  });
  turn(0);
})`;

async function timesOf(browser: Browser, size: number): Promise<string[]> {
  const { page, errors } = await open(browser, { messages: [] });
  await page.evaluate(`window.held = recordedCodec.decodeRecorded(${JSON.stringify(encodeRecorded(syntheticMessages(size)))})`);
  const [first, settled] = (await page.evaluate(openScript)) as [number, number];
  const cold: number[] = [];
  for (const stage of [2, 3, 4]) cold.push((await page.evaluate(stepScript("j", stage))) as number);
  const warm: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    for (const stage of [3, 2]) warm.push((await page.evaluate(stepScript("k", stage))) as number);
    for (const stage of [3, 4]) warm.push((await page.evaluate(stepScript("j", stage))) as number);
  }
  await page.waitForTimeout(500);
  const frames = (await page.evaluate(zoomScript)) as number[];
  await page.context().close();
  if (errors.length > 0) throw new Error(errors.join("; "));
  const ms = (value: number): string => value.toFixed(0);
  return [
    String(size),
    ms(first),
    ms(settled),
    cold.map(ms).join(" "),
    `${ms(median(warm))} / ${ms(Math.max(...warm))}`,
    `${ms(median(frames))} / ${ms(Math.max(...frames))}`,
  ];
}

/** The small network, for ELK: it has answered when edges have bends, which the saved picture tells by its pixels. */
async function elk(browser: Browser): Promise<void> {
  const { page, errors } = await open(browser, mlp());
  const begin = performance.now();
  await page.waitForSelector("body[data-settled=true]");
  const own = performance.now() - begin;
  const picture = (): Promise<string> => pictureOf(page);
  const before = await picture();
  let after = before;
  while (after === before && performance.now() - begin < 10_000) {
    await page.waitForTimeout(50);
    after = await picture();
  }
  const toolkit = await page.evaluate(
    "[...document.querySelectorAll('vscode-button, vscode-dropdown, vscode-checkbox, vscode-text-field')].filter((e) => e.shadowRoot && e.getBoundingClientRect().width > 20).length",
  );
  say(
    `own layout drawn after ${own.toFixed(0)} ms, ELK's (worker from text, 1.6 MB) after ${(performance.now() - begin).toFixed(0)} ms; ${String(toolkit)} toolkit controls upgraded and styled`,
  );
  say(`console errors and policy violations: ${errors.length}`);
  await page.context().close();
}

const pictureOf = (page: Page): Promise<string> =>
  page.evaluate(
    "[...document.querySelectorAll('.graph-canvas')].filter((c) => c.clientWidth > 0).map((c) => c.toDataURL()).join()",
  ) as Promise<string>;

async function main(): Promise<void> {
  if (noChromium) throw new Error(noChromium);
  const { script, style } = await pageBundle();
  say(`bundle: script ${(script.length / 1e6).toFixed(2)} MB (ELK 1.63 of it), style ${(style.length / 1e3).toFixed(0)} kB`);
  layouts();
  const browser = await launch();
  await elk(browser);
  say("nodes | first frame ms | final layout ms | steps, first time ms | steps again, median / worst ms | zoom frames, median / worst ms");
  for (const size of sizes) say((await timesOf(browser, size)).join(" | "));
  await browser.close();
}

await main();
