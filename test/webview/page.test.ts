import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { ToPage } from "#protocol";
import { mlp } from "./fixture.ts";
import { launch, noChromium, open, type Opened } from "./page.ts";

/** Nothing moves, and no better layout is awaited: what is under a point stays there. */
const settled = (page: Page): Promise<unknown> => page.waitForSelector("body[data-still=true]", { timeout: 40_000 });
const stageShown = (page: Page): Promise<string | null> => page.getAttribute("body", "data-painted");
const heading = (page: Page): Promise<string> => page.innerText(".graph-heading strong");

async function waitForStage(page: Page, stage: number): Promise<void> {
  await page.waitForSelector(`body[data-painted="${stage}"]`, { timeout: 20_000 });
}

/** Moves over the canvas until the tooltip begins as wanted; gives that point. */
async function pointAt(page: Page, wanted: RegExp): Promise<{ x: number; y: number }> {
  const found = await page.evaluate((pattern) => {
    const canvas = [...document.querySelectorAll<HTMLCanvasElement>(".graph-canvas")].find((c) => c.clientWidth > 0)!;
    const tooltip = document.querySelector<HTMLElement>(".tooltip")!;
    const box = canvas.getBoundingClientRect();
    for (let y = box.top + 10; y < box.bottom - 10; y += 9) {
      for (let x = box.left + box.width * 0.2; x < box.left + box.width * 0.85; x += 13) {
        canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y, bubbles: true }));
        if (!tooltip.hidden && new RegExp(pattern).test(tooltip.innerText)) return { x, y };
      }
    }
    return undefined;
  }, wanted.source);
  assert.ok(found, `nothing on the canvas says ${wanted}`);
  return found;
}

async function toFusion(page: Page): Promise<void> {
  for (const stage of [1, 3, 4, 5, 7, 8, 9]) {
    await page.keyboard.press("j");
    await waitForStage(page, stage);
  }
  await settled(page);
}

describe("the page", { skip: noChromium }, () => {
  let browser: Browser;
  let opened: Opened;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  const fresh = async (fixture = mlp(), more: Partial<Parameters<typeof open>[1]> = {}): Promise<Page> => {
    opened = await open(browser, { ...fixture, ...more });
    return opened.page;
  };
  const close = async (): Promise<void> => {
    assert.deepEqual(opened.errors, [], "no console error, exception or policy violation");
    await opened.page.context().close();
  };

  test("opens under its policy, says ready, shows the graph", async () => {
    const page = await fresh();
    await settled(page);
    assert.equal(await heading(page), "import");
    assert.equal((await opened.sent())[0]?.type, "ready");
    const ink = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLCanvasElement>(".graph-canvas")].some(
        (c) =>
          c.clientWidth > 0 &&
          c
            .getContext("2d")!
            .getImageData(0, 0, c.width, c.height)
            .data.some((v) => v > 0),
      ),
    );
    assert.ok(ink, "something is drawn");
    await close();
  });

  test("keys step through the passes that changed something", async () => {
    const page = await fresh();
    await settled(page);
    await page.keyboard.press("j");
    await waitForStage(page, 1);
    await page.keyboard.press("j");
    await waitForStage(page, 3);
    await page.keyboard.press("k");
    await waitForStage(page, 1);
    await page.keyboard.press("F7");
    await waitForStage(page, 2);
    await page.keyboard.press("Shift+F7");
    await waitForStage(page, 1);
    await page.focus(".passes");
    await page.keyboard.press("ArrowDown");
    await waitForStage(page, 3);
    await page.keyboard.press("End");
    await waitForStage(page, 13);
    await page.keyboard.press("Home");
    await waitForStage(page, 0);
    await page.locator(".slider").focus();
    await page.keyboard.press("ArrowRight");
    await waitForStage(page, 1);
    const stages = (await opened.sent()).filter(({ type }) => type === "stage").map(({ stage }) => stage);
    assert.deepEqual(stages, [1, 3, 1, 2, 1, 3, 13, 0, 1]);
    await close();
  });

  test("the editor's own F7 command does not step twice", async () => {
    const page = await fresh();
    await settled(page);
    const answer = (key: boolean): Promise<void> => opened.deliver({ type: "command", command: { name: "next-pass", key } });
    await page.keyboard.press("F7");
    await waitForStage(page, 1);
    await answer(false); // a button, before the answer to the key has come
    await waitForStage(page, 2);
    await page.waitForTimeout(700); // the editor's host was busy
    await answer(true);
    await page.waitForTimeout(200);
    assert.equal(await stageShown(page), "2");
    await answer(true); // a key that the page did not get: the focus was in a tree
    await waitForStage(page, 3);
    await close();
  });

  test("rule hits are listed and can be stepped", async () => {
    const page = await fresh();
    await settled(page);
    await opened.deliver({ type: "command", command: { name: "show-stage", stage: 5 } });
    await waitForStage(page, 5);
    assert.equal(await page.locator(".row.hit").count(), 2);
    await page.focus(".passes");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.getAttribute("#hit-0", "aria-selected"), "true");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.getAttribute("#hit-1", "aria-selected"), "true");
    await close();
  });

  test("canvas, node tree and details share the selection", async () => {
    const page = await fresh();
    await settled(page);
    const point = await pointAt(page, /^matmul/);
    await page.mouse.click(point.x, point.y);
    assert.match(await page.innerText(".details .block:first-child"), /matmul/i);
    const tree = '[role=tree][aria-label="Nodes of the graph"]';
    assert.match(await page.innerText(`${tree} [aria-selected=true]`), /matmul/);
    const active = await page.getAttribute(tree, "aria-activedescendant");
    assert.equal(await page.getAttribute(`${tree} [aria-selected=true]`, "id"), active, "the tree's active row is the selected one");
    assert.equal(await page.getAttribute(`#${active}`, "role"), "treeitem");
    await page.focus('[role=tree][aria-label="Nodes of the graph"]');
    await page.keyboard.press("Home");
    assert.match(await page.innerText(".details .block:first-child"), /identity/i);
    await page.focus(".graph-frame");
    await page.keyboard.press("ArrowDown");
    assert.match(await page.innerText(".details .block:first-child"), /matmul/i);
    const last = (await opened.sent()).filter(({ type }) => type === "selected").pop();
    assert.deepEqual([last?.nodes, last?.sources], [[1], [1]]);
    await close();
  });

  test("the selection is followed from pass to pass", async () => {
    const page = await fresh();
    await settled(page);
    await opened.deliver({ type: "command", command: { name: "select-source", source: 4 } });
    await page.waitForFunction("document.querySelector('.details').innerText.toLowerCase().includes('erf')");
    await opened.deliver({ type: "command", command: { name: "show-stage", stage: 5 } });
    await page.waitForFunction("document.querySelector('.details .block').innerText.toLowerCase().startsWith('gelu')");
    await page.click(".lineage .link >> text=erf #4");
    await waitForStage(page, 0);
    assert.match(await page.innerText(".details .block:first-child"), /erf/i);
    await close();
  });

  test("hulls and rejected edges can be pointed at and clicked", async () => {
    const page = await fresh();
    await settled(page);
    await toFusion(page);
    const edge = await pointAt(page, /^not fused/);
    await page.mouse.click(edge.x, edge.y);
    assert.match(await page.innerText(".details"), /not fused: .*columns/);
    const hull = await pointAt(page, /^group 1/);
    await page.mouse.click(hull.x, hull.y);
    const details = await page.innerText(".details");
    assert.match(details, /Group 1/i);
    assert.match(details, /block_k/);
    assert.match(details, /lines 1–17/);
    await close();
  });

  test("before and after stand side by side with linked cameras", async () => {
    const page = await fresh();
    await settled(page);
    await opened.deliver({ type: "command", command: { name: "show-stage", stage: 5 } });
    await opened.deliver({ type: "command", command: { name: "toggle-diff" } });
    await page.waitForFunction(() => [...document.querySelectorAll(".graph-canvas")].filter((c) => c.clientWidth > 0).length === 2);
    await close();
  });

  test("a line lights its relatives in the other texts", async () => {
    const page = await fresh();
    await settled(page);
    await page.keyboard.press("2");
    await page.waitForSelector("#cpp-9");
    assert.equal(await page.locator(".code-column").count(), 2, "as many texts as can be read");
    await page.click(".code-switches [data-kind=asm]");
    for (const text of ["#ir-8", "#asm-7"]) await page.waitForSelector(text);
    await page.hover("#cpp-9", { position: { x: 90, y: 8 } });
    await page.waitForSelector("#ir-8.lit");
    await page.waitForSelector("#asm-7.lit"); // assembly through the C++ line
    assert.equal(await page.locator("#ir-9.lit").count(), 0);
    await page.click("#ir-9", { position: { x: 90, y: 8 } });
    assert.match(await page.innerText(".details"), /gelu/i);
    assert.equal(await page.locator("#cpp-10.chosen").count(), 1);
    await close();
  });

  test("a call of the native library opens its header at the inner loop, which lights its instructions", async () => {
    const page = await fresh();
    await settled(page);
    await page.keyboard.press("2");
    await page.click("#cpp-5 .t-native");
    await page.waitForSelector('.code-column[aria-label="Header"] #header-2.chosen');
    assert.equal(await page.locator('.code-column[aria-label="C++"]').count(), 0, "in the place of the C++");
    await page.click(".code-switches [data-kind=asm]");
    await page.hover("#header-2", { position: { x: 90, y: 8 } });
    await page.waitForSelector("#asm-4.lit");
    assert.equal(await page.locator("#asm-5.lit").count(), 0);
    await page.hover("#asm-4", { position: { x: 90, y: 8 } });
    await page.waitForSelector("#header-2.lit");
    assert.match(await page.innerText("#asm-4"), /tile\.hpp:3/);
    await page.click('.code-column[aria-label="Header"] >> text=open');
    const asked = (await opened.sent()).find(({ name }) => name === "openHeader");
    assert.deepEqual(asked?.arg, { file: "kernels/gemm/tile.hpp", line: 3 });
    await page.click("text=back to C++");
    await page.waitForSelector("#cpp-5");
    await close();
  });

  test("a buffer selects what is in it", async () => {
    const page = await fresh();
    await settled(page);
    await opened.deliver({ type: "command", command: { name: "show-stage", stage: 9 } });
    await page.keyboard.press("3");
    await page.click("#buffer-0");
    assert.match(await page.innerText(".details"), /fc1_g/);
    const last = (await opened.sent()).filter(({ type }) => type === "selected").pop();
    assert.ok((last?.nodes as number[]).length >= 2, "its producer and its readers");
    assert.ok((await page.locator(".arena-bar").count()) >= 5);
    await close();
  });

  test("the list of kernels shows the one that was chosen", async () => {
    const page = await fresh();
    await settled(page);
    await page.keyboard.press("2");
    await page.click("#view-kernels vscode-dropdown");
    const option = page.locator("#view-kernels vscode-option").nth(2);
    const name = await option.innerText();
    await option.click();
    await page.waitForFunction(
      (wanted) => document.querySelector("#view-kernels vscode-option[aria-selected=true]")?.textContent === wanted,
      name,
    );
    assert.doesNotMatch(await page.innerText("aside"), /\? #|made by a pass/, "the group is shown where it exists");
    assert.equal(await page.evaluate("document.documentElement.scrollHeight - innerHeight > 1"), false, "nothing to scroll");
    await close();
  });

  test("a benchmark shows times, ratios and why a counter is missing", async () => {
    const page = await fresh();
    await settled(page);
    await page.keyboard.press("4");
    await page.click("text=Run benchmark");
    await page.waitForSelector(".bench-result");
    const text = await page.innerText(".bench-result");
    for (const part of [/512 µs/, /1\.49×/, /missing: perf_event_open/, /88\.8 %/]) assert.match(text, part);
    assert.match(text, /Not compared with other: it is not installed\./);
    assert.equal(await page.locator(".regions li").count(), 4, "groups of the first run are left out");
    const asked = (await opened.sent()).find(({ name }) => name === "bench");
    assert.deepEqual(asked?.arg, { scope: { kind: "model" }, baselines: ["ort"], lines: true });
    await close();
  });

  test("nothing runs in an untrusted workspace, and it says why", async () => {
    const page = await fresh(mlp({ trusted: false }));
    await settled(page);
    await page.keyboard.press("4");
    assert.match(await page.innerText(".bench-notice"), /not trusted/);
    assert.equal(await page.locator("vscode-button[disabled] >> text=Run benchmark").count(), 1);
    await opened.deliver({ type: "trust", trusted: true });
    await page.waitForFunction("document.querySelector('.bench-notice').innerText === ''");
    await close();
  });

  test("options are sent as they were chosen", async () => {
    const page = await fresh();
    await settled(page);
    await page.click("text=All passes on");
    await page.click("vscode-checkbox >> text=fuse");
    await page.keyboard.press("Escape");
    await page.click("vscode-button >> text=Compile with changes");
    const asked = (await opened.sent()).find(({ name }) => name === "compile") as
      { arg: { options: { without: string[]; isa: string } } } | undefined;
    assert.deepEqual(asked?.arg.options.without, ["fuse"]);
    assert.equal(asked?.arg.options.isa, "avx512");
    await close();
  });

  test("stage, view, selection and camera are saved and restored", async () => {
    const page = await fresh();
    await settled(page);
    await opened.deliver({ type: "command", command: { name: "show-stage", stage: 9 } });
    await opened.deliver({ type: "command", command: { name: "select-group", group: 3 } });
    await page.waitForSelector("body[data-painted='9'][data-still=true]");
    await page.keyboard.press("3");
    await page.waitForSelector("#tab-buffers[aria-selected=true]");
    type Saved = { arg: { state: { view: string } } } | undefined;
    let state: Saved;
    for (const end = Date.now() + 10_000; Date.now() < end && state?.arg.state.view !== "buffers";) {
      await page.waitForTimeout(50);
      state = (await opened.sent()).filter(({ name }) => name === "saveState").pop() as Saved;
    }
    await close();
    assert.equal(state?.arg.state.view, "buffers", "what was saved");
    const fixture = mlp();
    const messages = fixture.messages.map((message): ToPage =>
      message.type === "hello" ? { type: "hello", hello: { ...message.hello, state: state?.arg.state } } : message,
    );
    const again = await fresh({ ...fixture, messages });
    await again.waitForSelector("#tab-buffers[aria-selected=true]");
    assert.match(await again.innerText(".details"), /Group 3/i);
    assert.match(await again.innerText(".passes [aria-selected=true]"), /fuse/);
    await close();
  });

  test("a state that is not ours is ignored", async () => {
    const fixture = mlp();
    const messages = fixture.messages.map((message): ToPage =>
      message.type === "hello"
        ? { type: "hello", hello: { ...message.hello, state: { version: 1, stage: "x", camera: { k: null } } } }
        : message,
    );
    const page = await fresh({ ...fixture, messages });
    await settled(page);
    assert.equal(await stageShown(page), "0");
    await close();
  });

  test("a failed pass is a row with its error, and the stages before it stay", async () => {
    const page = await fresh(mlp({ failAt: 8 }));
    await settled(page);
    await page.focus(".passes");
    await page.keyboard.press("End");
    await page.waitForSelector(".row-note.failed");
    assert.match(await page.innerText(".row-note.failed"), /no producer/);
    assert.match(await page.innerText(".status-line"), /prepack-weights failed/);
    await close();
  });

  test("a model that cannot be read gives a message, not an empty page", async () => {
    const fixture = mlp();
    const failed: ToPage = {
      type: "failed",
      generation: 1,
      error: { code: "onnx-truncated", message: "The file ends in the middle of a node.", next: "Copy it again." },
    };
    const page = await fresh({ ...fixture, messages: [...fixture.messages.slice(0, 2), failed] });
    await page.locator(".curtain").filter({ hasText: "ends in the middle" }).waitFor();
    await close();
  });

  test("names from the model stay text", async () => {
    const page = await fresh(mlp({ hostile: true }));
    await settled(page);
    await page.locator(".search").fill("onerror");
    await page.locator(".search").press("Enter");
    assert.match(await page.innerText(".details"), /<img src=x/);
    assert.equal(await page.getAttribute("body", "data-hacked"), null);
    assert.equal(await page.locator("img").count(), 0);
    await close();
  });

  test("a change of theme repaints the canvas", async () => {
    const page = await fresh();
    await settled(page);
    const shot = (): Promise<string> =>
      page.evaluate(
        "[...document.querySelectorAll('.graph-canvas')].filter((c) => c.width > 0).map((c) => c.toDataURL()).join()",
      ) as Promise<string>;
    const dark = await shot();
    await page.evaluate("document.body.className = 'vscode-high-contrast'");
    for (const end = Date.now() + 10_000; Date.now() < end && (await shot()) === dark;) await page.waitForTimeout(50);
    assert.notEqual(await shot(), dark);
    await close();
  });
});
