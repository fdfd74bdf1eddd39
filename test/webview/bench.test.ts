// The benchmark view: its states, what is kept and compared, what can be set; every text of its pictures legible at three widths.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { benchRunOf, isBenchRun, type BenchRun, type ToPage } from "#protocol";
import { assertNothingClipped, overlaps, type TextBox } from "./drawn-texts.ts";
import { earlierRuns } from "./fixture-bench.ts";
import { mlp } from "./fixture.ts";
import { choose, launch, noChromium, open, still, type Opened } from "./page.ts";

describe("the benchmark view", { skip: noChromium }, () => {
  let browser: Browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  const fixture = (replies: Readonly<Record<string, unknown>> = {}) => ({ ...mlp(), replies: { ...mlp().replies, ...replies } });

  /** The view, with the runs before it. */
  async function opened(replies: Readonly<Record<string, unknown>> = { benchRuns: earlierRuns }, width = 1280): Promise<Opened> {
    const page = await open(browser, { ...fixture(replies), width, height: 900, reducedMotion: true });
    await page.page.waitForSelector("body[data-settled=true]");
    await page.page.keyboard.press("4");
    return page;
  }

  const asked = async ({ sent }: Opened, name: string): Promise<Record<string, unknown>[]> =>
    (await sent()).filter((message) => message["name"] === name).map(({ arg }) => arg as Record<string, unknown>);

  test("a run and those before it, legible at three widths; it is kept, compared, saved, opened and forgotten", async () => {
    const view = await opened();
    const { page } = view;
    await page.waitForSelector('.bench-result[data-run="run-1"]');
    assert.equal(await page.locator(".run").count(), 2, "what the host has kept is there at once, the newest shown");
    await page.click("text=Run benchmark");
    await page.waitForSelector(".bench-result:not([data-run^=run-])");
    const [kept] = await asked(view, "keepRun");
    assert.ok(isBenchRun(kept?.["run"]), "the run is kept");
    assert.equal(await page.locator(".run").count(), 3);
    assert.equal(await page.locator(".roofline .trail").count(), 1, "the runs before are a trail");
    assert.equal(await page.locator(".strip").count(), 3);
    assert.deepEqual(await page.$$eval(".forest [data-finding]", (rows) => rows.map((row) => (row as SVGElement).dataset["finding"])), [
      "control",
      "faster",
      "faster",
    ]);

    await choose(page, "Compare with", "run-0");
    const compared = await page.innerText(".run-comparison");
    for (const part of [/1\.9×/, /through ONNX Runtime/, /− without fuse/]) assert.match(compared, part);
    for (const width of [1280, 800, 560]) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(120);
      await assertPlotsLegible(page, `${width} px`);
      if (width >= 800) await assertNothingClipped(page, `${width} px`);
      assert.equal(
        await page.evaluate("document.querySelector('.bench').scrollWidth > document.querySelector('.bench').clientWidth"),
        false,
        `nothing to scroll sideways at ${width} px`,
      );
    }

    await page.click("text=Save this run");
    const [saved] = await asked(view, "saveFile");
    assert.match(String(saved?.["name"]), /^mlp-gelu-bench-[\d-]+\.json$/);
    const stored = JSON.parse(String(saved?.["text"])) as BenchRun;
    assert.ok(isBenchRun(stored) && stored.result.samples?.[0]?.rounds.flat().length === 200, "all samples are saved");

    await page.locator(".run .link").last().click();
    await page.waitForSelector('.bench-result[data-run="run-0"]');
    assert.match((await page.evaluate("document.activeElement.className")) as string, /bench-head/);
    await page
      .locator(".run")
      .first()
      .getByRole("button", { name: /^Forget/ })
      .click();
    assert.equal(await page.locator(".run").count(), 2);
    await page.click("text=Forget the others");
    assert.equal((await asked(view, "dropRuns")).flatMap(({ ids }) => ids as string[]).length, 2);
    assert.equal(await page.locator(".run").count(), 1);
    assert.deepEqual(view.errors, []);
    await page.context().close();
  });

  test("a stored run is opened; the graph is coloured by a run of its own groups, and the legend says by which", async () => {
    const view = await opened({ openRun: { run: { ...earlierRuns[0], id: "from a file" } } });
    const { page } = view;
    await page.waitForSelector(".bench-empty");
    await page.click("text=Open a stored run");
    await page.waitForSelector('.bench-result[data-run="from a file"]');
    assert.equal(await page.locator("text=Colour the graph by time").count(), 0, "it was compiled without a pass: its groups are others");
    await page.click("text=Run benchmark");
    await page.click("text=Colour the graph by time");
    await still(page);
    await view.deliver({ type: "command", command: { name: "show-stage", stage: 9 } });
    await page.waitForSelector(".legend .legend-ramp");
    assert.match(await page.innerText(".legend"), /run of \d\d:\d\d:\d\d: avx512, 2 threads/);
    await page.keyboard.press("4");
    await page.locator(".card-regions .link").first().click();
    await page.waitForSelector(".time-slice.lit");
    assert.deepEqual(view.errors, []);
    await page.context().close();
  });

  test("parameters of the selected group are set, built and timed", async () => {
    const view = await opened();
    const { page } = view;
    await view.deliver({ type: "command", command: { name: "select-group", group: 1 } });
    await page.waitForSelector("#tab-graph[aria-selected=true]");
    await page.keyboard.press("4");
    await page.waitForSelector(".card-parameters:not([hidden]) .parameter");
    const run = page.locator("vscode-button >> text=Build and time it");
    assert.equal(await page.locator("vscode-button[disabled] >> text=Build and time it").count(), 1, "nothing has been changed yet");
    await page.focus('input[aria-label^="tile:"]');
    await page.keyboard.press("End");
    assert.match(await page.innerText(".parameter.changed"), /6 x 64/);
    await run.click();
    await page.waitForSelector(".bench-result:not([data-run^=run-])");
    const [arg] = await asked(view, "bench");
    assert.deepEqual(arg, {
      scope: { kind: "group", group: 1 },
      baselines: ["ort"],
      params: { grid: "1 x 2", tile: "6 x 64", rowBlocks: 1, order: "rows" },
      lines: true,
    });
    assert.match(await page.innerText(".run.current"), /tile=6 x 64/);
    assert.deepEqual(view.errors, []);
    await page.context().close();
  });

  test("running, cancelled, failed and tried again; a group from the menu of the graph with one click", async () => {
    const view = await opened({ benchRuns: [], bench: undefined });
    const { page } = view;
    await page.waitForSelector(".bench-empty");
    await page.evaluate("window.askHost = () => undefined"); // a host that is at work
    await page.click("text=Run benchmark");
    const [message] = (await view.sent()).filter(({ name }) => name === "bench");
    const id = Number(message?.["id"]);
    await view.deliver({ type: "progress", id, text: "timing", done: 0.4 });
    await page.locator(".bench-notice").filter({ hasText: "timing" }).waitFor();
    assert.equal(await page.$eval(".bench-notice progress", (bar) => (bar as HTMLProgressElement).value), 0.4);
    assert.equal(await page.isVisible("text=Run benchmark"), false);
    await page.click("text=Cancel");
    assert.match(await page.innerText(".bench-notice"), /Cancelled/);
    assert.ok((await view.sent()).some((m) => m.type === "cancel" && m["id"] === id));
    await page.evaluate("delete window.askHost");
    await page.click("text=Run benchmark");
    await page.waitForSelector(".bench-failure");
    assert.match(await page.innerText(".bench-notice"), /No bench here\.[\s\S]*test[\s\S]*Try again/);
    await page.click("text=Try again");
    await page.waitForTimeout(30);
    assert.equal((await asked(view, "bench")).length, 3);

    await view.deliver({ type: "command", command: { name: "select-group", group: 3 } });
    await page.waitForSelector("#tab-graph[aria-selected=true]");
    await page.focus(".graph-frame");
    await page.keyboard.press("Shift+F10");
    await page.click("text=Benchmark group 3");
    await page.waitForSelector("#tab-bench[aria-selected=true]");
    assert.deepEqual((await asked(view, "bench")).at(-1)?.["scope"], { kind: "group", group: 3 });
    assert.deepEqual(view.errors, []);
    await page.context().close();
  });

  test("a record shows what was stored with it, and says that it cannot run", async () => {
    const messages = mlp().messages.map((message): ToPage =>
      message.type === "hello" ? { ...message, hello: { ...message.hello, recorded: true } } : message,
    );
    const page = await open(browser, { messages, replies: { benchRuns: earlierRuns.slice(0, 1) }, width: 900 });
    await page.page.waitForSelector("body[data-settled=true]");
    await page.page.keyboard.press("4");
    await page.page.waitForSelector(".bench-result");
    assert.match(await page.page.innerText(".bench-notice"), /record/);
    assert.equal(await page.page.locator("vscode-button[disabled] >> text=Run benchmark").count(), 1);
    assert.equal(await page.page.locator("text=Open a stored run").count(), 0);
    assert.deepEqual(page.errors, []);
    await page.page.context().close();
  });

  test("real results, as the command printed them, are legible", async () => {
    const runs = ["example-mlp", "bert-layer"].map((name) =>
      benchRunOf(JSON.parse(readFileSync(`test/webview/runs/${name}.json`, "utf8")), name),
    );
    assert.ok(
      runs.every((run) => run !== undefined),
      "both are benchmarks",
    );
    const view = await opened({ benchRuns: runs }, 800);
    for (const run of runs) {
      await view.page
        .locator(".run .link")
        .nth(run === runs[0] ? 1 : 0)
        .click();
      await view.page.waitForSelector(`.bench-result[data-run="${run?.id}"]`);
      await assertPlotsLegible(view.page, run?.model ?? "");
      await assertNothingClipped(view.page, run?.model ?? "");
    }
    assert.deepEqual(view.errors, []);
    await view.page.context().close();
  });

  test("stored results that are none leave the view empty and the page alive", async () => {
    const view = await opened({ benchRuns: [{ schema: 1 }, 7, null, { ...earlierRuns[0], result: {} }], openRun: { run: { id: "x" } } });
    await view.page.waitForSelector(".bench-empty");
    await view.page.click("text=Open a stored run");
    await view.page.waitForTimeout(60);
    assert.equal(await view.page.locator(".bench-empty").count(), 1);
    assert.deepEqual(view.errors, []);
    await view.page.context().close();
  });
});

/** Texts of every picture lie inside of it, and none on another; texts that are turned are left out. */
async function assertPlotsLegible(page: Page, what: string): Promise<void> {
  const plots = (await page.$$eval(".bench-result .plot svg", (all) =>
    all.map((svg) => {
      const frame = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll("text")].filter((text) => !/rotate/.test(text.getAttribute("transform") ?? ""));
      return {
        name: svg.getAttribute("class") ?? "",
        width: frame.width,
        texts: texts.map((text) => {
          const { x, y, width, height } = text.getBoundingClientRect();
          // A line is higher than its letters.
          return { text: text.textContent ?? "", x: x - frame.x, y: y - frame.y + 0.2 * height, w: width, h: 0.6 * height };
        }),
      };
    }),
  )) as { name: string; width: number; texts: TextBox[] }[];
  assert.ok(plots.length >= 4, `${what}: ${plots.map(({ name }) => name).join(", ")}`);
  for (const { name, width, texts } of plots) {
    assert.deepEqual(overlaps(texts), [], `${what}, ${name}: texts lie on each other`);
    const out = texts.filter(({ x, w }) => x < -1 || x + w > width + 1).map(({ text }) => text);
    assert.deepEqual(out, [], `${what}, ${name}: texts stick out`);
  }
}
