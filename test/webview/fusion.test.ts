// The fusion view and the memory view with the real compiler behind the page: their numbers are the command's, a group lights its nodes, and a
// what-if is compiled, compared and measured.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { CompilationSummary, FusionGroup, PanelCommand, ToPage } from "#protocol";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { bytesText, digits, timeText } from "../../webview/model/format.ts";
import { fusionTotals } from "../../webview/model/fusion-rows.ts";
import { commandJson, example } from "../vscode/models.ts";
import { LiveModel, workerBundle } from "./live-host.ts";
import { launch, noChromium, open, type Opened } from "./page.ts";

const noCompiler = missingNeeds(["compiler"]).length > 0 ? "no C++ compiler" : false;
const models = [example, path.resolve("test/models/mnist-mlp-dynamic-int8.onnx")];
const clean = (text: string | null | undefined): string => (text ?? "").replace(/\s+/g, " ").trim();

describe("fusion and memory", { skip: noChromium }, () => {
  let browser: Browser;
  let worker: Awaited<ReturnType<typeof workerBundle>>;
  let live: LiveModel;
  let opened: Opened;
  let page: Page;
  before(async () => {
    [browser, worker] = await Promise.all([launch(), workerBundle()]);
  });
  after(async () => {
    await browser.close();
    worker.remove();
  });

  const start = async (file: string, options: ConstructorParameters<typeof LiveModel>[2] = {}): Promise<void> => {
    live = new LiveModel(worker.file, file, options);
    await live.compile();
    opened = await open(browser, { messages: [], host: live.host, width: 1300, height: 1400, reducedMotion: true });
    page = opened.page;
    await page.waitForFunction(() => document.body.dataset["painted"] !== undefined);
  };
  const stop = async (): Promise<void> => {
    assert.deepEqual(opened.errors, []);
    await page.context().close();
    live.close();
  };
  const command = async (wanted: PanelCommand): Promise<void> => {
    await opened.deliver({ type: "command", command: wanted } as ToPage);
    await page.waitForTimeout(20);
  };
  const fact = async (name: string): Promise<string> => clean(await page.textContent(`.details [data-fact="${name}"]`));
  const selected = async (): Promise<readonly number[]> =>
    (await opened.sent()).filter(({ type }) => type === "selected").at(-1)?.["nodes"] as readonly number[];

  for (const file of models) {
    test(`every group has the command's numbers: ${path.basename(file)}`, async () => {
      const json = (await commandJson(["compile", file, "--only-until", "plan-memory"])) as unknown as CompilationSummary;
      await start(file);
      await page.keyboard.press("5");
      const totals = clean(await page.textContent(".fusion .totals"));
      const { nests, operators, savedBytes, ns, refused, fused, quiet } = fusionTotals(json);
      for (const shown of [`${nests}loop`, `${operators}operators`, bytesText(savedBytes), timeText(ns / 1e6)])
        assert.ok(totals.includes(shown), totals);
      const chips = clean(await page.textContent(".fusion-tools"));
      for (const count of [refused, fused, quiet]) assert.ok(chips.includes(`(${count})`), chips);
      await page.click(".fusion-chip >> nth=2");
      for (const report of json.fusion ?? []) await assertGroup(report);
      assert.deepEqual(
        (json.fusion ?? []).map(({ group }) => group),
        json.groups.map(({ id }) => id),
        "a row for each group",
      );
      await assertRefused(json);
      await stop();
    });
  }

  async function assertGroup(report: FusionGroup): Promise<void> {
    await command({ name: "select-group", group: report.group });
    await page.keyboard.press("5"); // a command of the editor goes to the graph
    const row = page.locator(`.fusion-row[data-group="${report.group}"]`);
    await row.waitFor();
    const cell = async (name: string): Promise<string> => clean(await row.locator(`.fusion-${name}`).textContent());
    assert.equal(await row.getAttribute("aria-selected"), "true");
    assert.ok((await cell("what")).startsWith(report.kind));
    assert.equal(await cell("saved"), report.savedBytes > 0 ? bytesText(report.savedBytes) : "–");
    assert.equal(await cell("foot"), `${bytesText(report.footprint.bytes)}${report.footprint.level}`);
    if (report.cost) {
      assert.equal(await cell("time"), timeText(report.cost.ns / 1e6));
      assert.ok((await cell("busy")).startsWith(`${digits(100 * report.cost.parallelism)} %`));
      assert.equal(await fact("Estimated time"), timeText(report.cost.ns / 1e6));
      const parts = await fact("Parts of it");
      for (const key of ["computeNs", "memoryNs", "recomputeNs", "launchNs"] as const)
        assert.ok(parts.includes(timeText(report.cost[key] / 1e6)), `${key} in ${parts}`);
    }
    assert.ok((await fact("Traffic")).startsWith(`${bytesText(report.readBytes)} read, ${bytesText(report.writtenBytes)} written`));
  }

  async function assertRefused(json: CompilationSummary): Promise<void> {
    for (const { group, refused } of json.fusion ?? []) {
      if (refused.length === 0) continue;
      await command({ name: "select-group", group });
      await page.keyboard.press("5");
      for (const { verdict, apartNs, bytes, togetherNs } of refused) {
        const told = json.verdicts[verdict];
        const row = page.locator(`.fusion-edge.refused[data-group="${group}"][data-nodes="${told?.nodes.join("-")}"]`).first();
        const text = clean(await row.textContent());
        assert.ok(text.includes(clean(told?.because)), text);
        assert.ok(text.includes(`apart: ${timeText(apartNs / 1e6)} (${bytesText(bytes)} written and read back)`), text);
        assert.ok(text.includes(togetherNs === null ? "one nest: not possible" : `one nest: ${timeText(togetherNs / 1e6)} more`), text);
      }
    }
  }

  test("a group lights its nodes on the graph above, and a node its group", async () => {
    await start(example);
    await page.keyboard.press("5");
    assert.ok(await page.isVisible("#view-graph"), "the graph is above");
    const group = live.summary?.groups.find(({ template, members }) => template === "matmul" && members.length > 1);
    await page.click(`.fusion-row[data-group="${group?.id}"]`);
    assert.deepEqual([...(await selected())].sort(), group?.members.map(({ node }) => node).sort());
    await command({ name: "select-node", node: live.summary?.groups.at(-1)?.members[0]?.node ?? -1 });
    await page.keyboard.press("5");
    const lit = await page.getAttribute(".fusion-row[aria-selected=true]", "data-group");
    assert.equal(lit, String(live.summary?.groups.at(-1)?.id));
    await page.click('button[aria-label="Show the graph above"] >> visible=true');
    assert.equal(await page.isVisible("#view-graph"), false);
    await stop();
  });

  test("what if: compiled apart, compared by lineage, measured in turns, and kept", { skip: noCompiler }, async () => {
    await start(example, { isa: "auto" });
    await page.keyboard.press("5");
    await page.click(".fusion-chip >> nth=1");
    const told = live.summary?.verdicts.find(({ rule }) => rule === "fuse/tile");
    const row = page.locator(`.fusion-edge.fused[data-nodes="${told?.nodes.join("-")}"]`).first();
    await row.click();
    await page.keyboard.press("Enter");
    await page.locator(".what-if-body").waitFor({ timeout: 30_000 });
    assert.equal(await page.getAttribute("#tab-fusion", "aria-selected"), "true", "the answer is where the question was");
    const card = clean(await page.textContent(".what-if"));
    assert.match(card, /Done: /);
    assert.match(card, /loop nests\d+\+/);
    assert.match(card, /was fused → .*forbidden/);
    await page.click("text=Measure both");
    await page.locator(".what-if-measured b").waitFor({ timeout: 120_000 });
    assert.match(clean(await page.textContent(".what-if-measured")), /measured: .* now, .* what if.*times as long \([\d.]+ to [\d.]+\)/);
    await page.click("text=Keep it that way");
    await page.waitForFunction(
      () => document.querySelector(".what-if") === null || (document.querySelector(".what-if") as HTMLElement).hidden,
    );
    await page.locator(".pair-chips .chip").waitFor({ timeout: 30_000 });
    assert.equal(live.options.forbid.length, 1);
    await stop();
  });

  test("the memory map has the plan's numbers; dragging and keys select what is alive", async () => {
    await start(example, { without: ["chain-nests"] });
    const { memory, arenaBytes, buffers, groups } = live.summary ?? assert.fail("no summary");
    assert.ok(memory && arenaBytes > 0);
    await page.keyboard.press("3");
    await page.locator(".arena-bar").first().waitFor();
    const totals = clean(await page.textContent(".buffers .totals"));
    assert.ok(totals.includes(bytesText(memory.lowerBoundBytes)), totals);
    assert.equal(await page.locator(".arena-bar").count(), buffers.filter(({ scope, offset }) => scope === "arena" && offset >= 0).length);
    assert.equal(await page.locator(".peak-mark").count(), memory.culprits.length);
    await page.focus(".arena");
    await page.keyboard.press("ArrowRight");
    for (let step = 0; step < memory.peakStep; step++) await page.keyboard.press("ArrowRight");
    const note = clean(await page.textContent(".memory-note"));
    assert.ok(note.startsWith(`step ${memory.peakStep} ${memory.steps[memory.peakStep]?.name}`), note);
    assert.ok(note.includes(`${bytesText(memory.steps[memory.peakStep]?.aliveBytes ?? 0)} alive`), note);
    const running = groups.find(({ id }) => id === memory.steps[memory.peakStep]?.group)?.members.map(({ node }) => node) ?? [];
    const nodes = await selected();
    assert.ok(running.length > 0 && running.every((node) => nodes.includes(node)), "what runs then is among them");
    await page.keyboard.press("Shift+ArrowLeft");
    if (memory.peakStep > 0) assert.match(clean(await page.textContent(".memory-note")), /^steps \d+ to \d+/);
    await page.keyboard.press("Escape");
    assert.equal(clean(await page.textContent(".memory-note")), "");
    assert.equal((await selected()).length, 0);
    await page.click(".memory-tools .segment >> text=Without");
    const tops = await page.$$eval(".arena-bar > rect:first-child", (bars) => bars.map((b) => Math.round(Number(b.getAttribute("y")))));
    assert.equal(new Set(tops).size, tops.length, "no two buffers at one height without reuse");
    const box = (await page.locator(".arena svg").boundingBox()) ?? assert.fail("no map");
    await page.mouse.move(box.x + 80, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 80, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    assert.match(clean(await page.textContent(".memory-note")), new RegExp(`^steps 0 to ${memory.steps.length - 1}: `));
    await page.click(".memory-tools .segment >> text=Weights");
    const weights = buffers.filter(({ scope }) => scope === "packed" || scope === "weight").length;
    assert.equal(await page.locator(".arena-bar").count(), weights);
    await stop();
  });
});
