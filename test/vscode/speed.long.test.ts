// How long a user waits, in the real VS Code with the installed package: from the double click to the first picture, beside the same for an
// editor that shows nothing (in turns); from the key to the next stage's picture; and what it all takes of memory.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Frame } from "playwright-core";
import { root } from "../../scripts/setup/terminal.mjs";
import { ensureWorkload } from "../workloads/write.ts";
import { example, modelFolder } from "./models.ts";
import { startSession, VscodeWindow, webviewFrame, writeEmptyEditor, type Session } from "./rig/index.ts";

/** Limits in ms, with room for a slow machine; the measured times are printed. `targets` are those of the design. */
const cases = [
  { name: "example", file: example, limit: 20_000, target: 500 },
  { name: "nodes-400", file: ensureWorkload("nodes-400"), limit: 20_000, target: 500 },
  { name: "nodes-1000", file: ensureWorkload("nodes-1000"), limit: 20_000, target: 1000 },
  { name: "nodes-4000", file: ensureWorkload("nodes-4000"), limit: 40_000, target: 2000 },
  { name: "nodes-10000", file: ensureWorkload("nodes-10000"), limit: 60_000, target: 2000 },
  { name: "nodes-50000", file: ensureWorkload("nodes-50000"), limit: 120_000, target: 5000 },
] as const;
/** How often each model is opened. */
const opens = Number(process.env["SPEED_OPENS"] ?? 3);
const only = process.env["SPEED_ONLY"]?.split(",");

const folder = modelFolder(Object.fromEntries(cases.map(({ name, file }) => [`${name}.onnx`, file])));
const control = writeEmptyEditor();
let session: Session;
let window: VscodeWindow;

before(async () => {
  writeFileSync(path.join(folder.path, "nothing.empty"), "");
  // Not bundled into this file: it would take itself for the command.
  const { buildPackage } = (await import(path.join(root, "scripts/package.mjs"))) as { buildPackage: () => Promise<string> };
  session = await startSession({ vsix: [await buildPackage()] });
  window = await VscodeWindow.open(session, { folder: folder.path, extension: control.path });
  await window.page.evaluate(noteDoubleClicks);
});

after(async () => {
  await window?.close();
  await session?.stop();
  folder.remove();
  control.remove();
});

/** The value that the given share of all values does not exceed. */
const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)] ?? NaN;
const spread = (values: readonly number[]): string =>
  `median ${quantile(values, 0.5).toFixed(0)}, p95 ${quantile(values, 0.95).toFixed(0)} ms of ${values.length}`;

for (const { name, limit, target } of cases) {
  const skip = only !== undefined && !only.includes(name) ? "not asked for" : false;
  test(`${name}: first picture and steps`, { timeout: 900_000, skip }, async (t) => {
    const say = (what: string): void => t.diagnostic(`${session.vscode} ${name}: ${what}`);
    const [firsts, empties]: [number[], number[]] = [[], []];
    for (let n = 0; n < opens; n += 1) {
      empties.push((await opened("nothing.empty", limit)).ms);
      await close();
      const { ms, page } = await opened(`${name}.onnx`, limit);
      firsts.push(ms);
      if (n === opens - 1) {
        say(`key to painted frame ${spread(await steps(page))}`);
        say(`memory: ${await memory(page)}`);
      }
      await close();
    }
    const own = firsts.map((ms, n) => ms - (empties[n] ?? NaN));
    say(`click to first picture ${spread(firsts)} (target ${target}), an empty editor ${spread(empties)}, the difference ${spread(own)}`);
    assert.ok(quantile(firsts, 0.5) < limit, `${firsts.join(" ")} ms`);
  });
}

/** Opens a file, and times it by the clock that window and page share: from the event of the double click to the painted frame. */
async function opened(file: string, timeout: number): Promise<{ readonly ms: number; readonly page: Frame }> {
  await window.openFile(file);
  const page = await webviewFrame(window.page, { timeout });
  await page.waitForFunction(() => document.body.dataset["painted"] !== undefined, undefined, { timeout, polling: 20 });
  const painted = await page.evaluate(() => performance.timeOrigin + (performance.getEntriesByName("first-picture")[0]?.startTime ?? NaN));
  const clicked = await window.page.evaluate(() => Number(document.body.dataset["doubleClicked"]));
  return { ms: painted - clicked, page };
}

function noteDoubleClicks(): void {
  const note = (event: Event): void => void (document.body.dataset["doubleClicked"] = String(performance.timeOrigin + event.timeStamp));
  document.addEventListener("dblclick", note, { capture: true });
}

async function close(): Promise<void> {
  await window.command("View: Close Editor");
  await window.page.locator(".tab").first().waitFor({ state: "detached" });
}

/** Twenty presses of F7, each until the stage that it asks for is painted. */
async function steps(page: Frame): Promise<number[]> {
  // The stages of the big ones come while the passes over loops still run.
  const compiled = page.locator(".status-line").filter({ hasText: "groups" });
  await compiled.waitFor({ timeout: 60_000 }).catch(() => undefined);
  await page.locator(".graph-frame").click({ position: { x: 5, y: 5 } });
  const times: number[] = [];
  for (let k = 0; k < 20; k++) times.push(await page.evaluate(stepTime));
  return times.filter((ms) => !Number.isNaN(ms));
}

/** In the page: presses F7 and waits for the frame in which the next stage is painted. */
function stepTime(): Promise<number> {
  const before = document.body.dataset["painted"];
  const pressed = performance.now();
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "F7", bubbles: true }));
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.body.dataset["painted"] !== before) resolve(performance.now() - pressed);
      else if (performance.now() - pressed > 10_000) resolve(NaN);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

/** JavaScript heap of the page, and resident memory of the extension host (with the compiler's worker in it). */
async function memory(page: Frame): Promise<string> {
  const heap = await page.evaluate(
    () => (performance as Performance & { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0,
  );
  return `page ${mib(heap)} of heap, extension host ${mib(extensionHostBytes(session.dataFolder))} resident`;
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** Of the extension host that was started for this session, found by the folder in its environment. */
function extensionHostBytes(dataFolder: string): number {
  const read = (file: string): string => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return ""; // it has ended, or is another user's
    }
  };
  const hosts = readdirSync("/proc").filter(
    (pid) =>
      /^\d+$/.test(pid) &&
      read(`/proc/${pid}/cmdline`).includes("--type=extensionHost") &&
      read(`/proc/${pid}/environ`).includes(dataFolder),
  );
  const resident = hosts.map((pid) => Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024);
  return Math.max(0, ...resident);
}
