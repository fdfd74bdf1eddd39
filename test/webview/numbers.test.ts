// What the page shows is what the command prints: read from the page's elements, for several models, with the real compiler behind it.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { BenchResult, CompilationSummary, PanelCommand, PassEvent, ToPage, Verdict } from "#protocol";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { coverageText } from "../../webview/coverage-text.ts";
import { bytesText, digits, flopsText, timeText } from "../../webview/model/format.ts";
import { templateText } from "../../webview/model/holes.ts";
import { commandJson, example } from "../vscode/models.ts";
import { mlp } from "./fixture.ts";
import { StageNames } from "../../extension/document/stage-names.ts";
import { LiveModel, workerBundle } from "./live-host.ts";
import { launch, noChromium, open, type Opened } from "./page.ts";

const models = [example, path.resolve("test/models/mnist-mlp-dynamic-int8.onnx"), path.resolve("test/models/loop-sub-one.onnx")];
const noCompiler = missingNeeds(["compiler"]).length > 0 ? "no C++ compiler" : undefined;

/** What `compile --json` has of the summary. */
type CommandSummary = CompilationSummary & { readonly groups: readonly { readonly onnxNodes: readonly string[] }[] };

interface Explained {
  readonly lineage: readonly {
    stage: number;
    pass: string;
    level: string;
    rule?: string;
    nodes: { id: number; op: string; name: string }[];
  }[];
  readonly introduced: readonly { node: number; op: string; stage: number; rule?: string; from: { id: number }[] }[];
  readonly lines: { readonly ir: readonly number[]; readonly cpp: readonly number[] };
  readonly verdicts: readonly Verdict[];
}

/** At most that many, from the first to the last: a page makes its details anew for each. */
const spread = <T>(list: readonly T[], most: number): readonly T[] => list.filter((_, i) => i % Math.ceil(list.length / most) === 0);

const clean = (text: string | null | undefined): string => (text ?? "").replace(/\s+/g, " ").trim();
const sorted = (list: readonly string[]): readonly string[] => [...new Set(list)].sort();

describe("numbers", { skip: noChromium ?? noCompiler }, () => {
  let browser: Browser;
  let worker: Awaited<ReturnType<typeof workerBundle>>;
  before(async () => {
    [browser, worker] = await Promise.all([launch(), workerBundle()]);
  });
  after(async () => {
    await browser.close();
    worker.remove();
  });

  for (const file of models) {
    describe(path.basename(file), () => {
      let live: LiveModel;
      let opened: Opened;
      let page: Page;
      let json: CommandSummary;
      before(async () => {
        live = new LiveModel(worker.file, file);
        const [printed] = await Promise.all([commandJson(["compile", file]), live.compile()]);
        json = printed as unknown as CommandSummary;
        opened = await open(browser, { messages: [], host: live.host, width: 1100, height: 800, reducedMotion: true });
        page = opened.page;
        await page.waitForFunction(() => document.body.dataset["painted"] !== undefined);
      });
      after(async () => {
        await page.context().close();
        live.close(); // first: a process that waits for its worker never ends
        assert.deepEqual(opened.errors, []);
      });

      /** As a tree of the editor does. */
      const command = async (wanted: PanelCommand): Promise<void> => {
        await opened.deliver({ type: "command", command: wanted } as ToPage);
        await page.waitForTimeout(20);
      };
      const fact = async (name: string): Promise<string> => clean(await page.textContent(`.details [data-fact="${name}"]`));
      const lastGraph = (): number =>
        json.passes.reduce(
          (last, { index, level, status }) => (["graph", "lower"].includes(level) && status === "changed" ? Math.max(last, index) : last),
          0,
        );

      test("status line, coverage and totals of the memory plan", async () => {
        const status = clean(await page.textContent(".status-line"));
        for (const shown of [
          `${json.groups.length} group`,
          bytesText(json.bytes),
          bytesText(json.arenaBytes),
          bytesText(json.constantBytes),
        ])
          assert.ok(status.includes(shown), `${shown} is not in "${status}"`);
        await command({ name: "show-view", view: "graph" });
        assert.equal(await fact("Compiled"), coverageText(json));
        if (json.unsupported.length === 0) assert.equal(await fact("Work per run"), flopsText(json.flops));
        const refused = await page.$$eval(".details .block", (blocks) =>
          blocks.map((b) => b.textContent ?? "").find((t) => t.startsWith("Not compiled")),
        );
        for (const { node, reason } of json.unsupported) assert.ok(refused?.includes(`${node}: ${reason}`), refused);
        await command({ name: "show-view", view: "buffers" });
        const totals = clean(await page.textContent(".buffers .totals"));
        for (const shown of [json.arenaBytes, json.arenaBytesWithoutReuse, json.constantBytes].map(bytesText))
          assert.ok(totals.includes(shown), totals);
      });

      test("the work of the nodes of the last graph is that of the model", async () => {
        await command({ name: "show-stage", stage: lastGraph() });
        const sums = { flops: 0, bytes: 0 };
        const stages = new StageNames();
        for (const delta of live.deltas) stages.add(delta);
        const graph = stages.at(lastGraph());
        const once = new Set(json.groups.filter(({ phase }) => phase === "init").flatMap(({ members }) => members.map(({ node }) => node)));
        const called = new Set(
          (json.holes ?? []).flatMap(({ group }) => json.groups.find(({ id }) => id === group)?.members.map(({ node }) => node) ?? []),
        );
        for (const node of graph.nodes.values()) {
          if (once.has(node.id) || called.has(node.id)) continue;
          sums.flops += node.flops;
          sums.bytes += node.bytes;
        }
        assert.deepEqual(sums, { flops: json.flops, bytes: json.bytes });
        const [heaviest] = [...graph.nodes.values()].sort((a, b) => (b.flops || 0) - (a.flops || 0));
        await command({ name: "select-node", node: heaviest?.id ?? -1 });
        if (!called.has(heaviest?.id ?? -1)) assert.ok((await fact("Work")).startsWith(flopsText(heaviest?.flops ?? NaN)));
      });

      test("every buffer has its place", async () => {
        for (const { id, offset, bytes, shape, dtype, firstStep, lastStep } of spread(json.buffers, 12)) {
          await command({ name: "select-buffer", buffer: id });
          assert.deepEqual(
            [await fact("Offset"), await fact("Bytes"), await fact("Shape"), await fact("Alive")],
            [String(offset), bytesText(bytes), clean(`${shape.join("×")} ${dtype}`), `steps ${firstStep} to ${lastStep}`],
          );
        }
      });

      test("every pass has its status, operators and hits; its time is that of the compilation shown", async () => {
        await command({ name: "show-view", view: "graph" });
        await page.setViewportSize({ width: 1100, height: 2400 });
        await page.click(".passes-section button[aria-pressed]");
        const times = new Map(live.summary?.passes.map((pass) => [pass.index, pass.ms]));
        const rows = await page.$$eval(".passes .row.pass", (list) =>
          list.map((row) => ({
            index: Number((row as HTMLElement).dataset["stage"]),
            state: row.className,
            name: row.querySelector(".pass-name")?.textContent,
            ops: row.querySelector(".pass-ops")?.textContent,
            ms: row.querySelector(".pass-ms")?.textContent,
          })),
        );
        const ops = ({ opsBefore, opsAfter }: PassEvent): string => (opsBefore === opsAfter ? `${opsAfter}` : `${opsBefore} → ${opsAfter}`);
        assert.deepEqual(
          rows.map(({ index, name, ops: shown, ms }) => ({ index, name, ops: shown, ms })),
          json.passes.map((pass) => ({ index: pass.index, name: pass.name, ops: ops(pass), ms: timeText(times.get(pass.index) ?? NaN) })),
        );
        rows.forEach(({ state }, i) => assert.ok(state.split(" ").includes(json.passes[i]?.status ?? ""), state));
        for (const { index, hits } of json.passes.filter((pass) => pass.hits.length > 0 && pass.hits.length <= 16)) {
          await command({ name: "show-stage", stage: index });
          assert.equal(await page.locator(".passes .row.hit").count(), hits.length, `hits of pass ${index}`);
        }
        await page.setViewportSize({ width: 1100, height: 800 });
      });

      test("groups and their kernels", async () => {
        await command({ name: "show-stage", stage: lastGraph() });
        for (const { id, name, template, params, members } of spread<CompilationSummary["groups"][number]>(json.groups, 9)) {
          await command({ name: "select-group", group: id });
          assert.deepEqual([await fact("Name"), await fact("Template")], [name, templateText(template)]);
          for (const [param, value] of Object.entries(params)) assert.equal(await fact(param), String(value));
          assert.match(clean(await page.textContent(".details")), new RegExp(`Members \\(${members.length}\\)`));
          const kernel = json.kernels.find(({ group }) => group === id);
          if (!kernel) continue;
          const lines = ([from, to]: readonly [number, number]): string => `lines ${from}–${to}`;
          assert.deepEqual([await fact("Loops"), await fact("C++")], [lines(kernel.irLines), lines(kernel.cppLines)]);
        }
      });

      test("every verdict about fusion, word for word, with its numbers", async () => {
        const seen = new Set<string>();
        const wanted = json.verdicts.filter(({ subject }) => subject === "fusion");
        for (const verdict of spread(wanted, 30)) {
          const key = verdict.nodes.join("-");
          if (seen.has(key)) continue;
          seen.add(key);
          await command({ name: "select-node", node: verdict.nodes[1] ?? -1 });
          const cards = await page.$$eval(`.verdict[data-nodes="${key}"][data-subject="fusion"]`, (list) =>
            list.map((card) => ({
              rule: (card as HTMLElement).dataset["rule"],
              because: card.querySelector(".verdict-because")?.textContent,
              numbers: [...card.querySelectorAll("table")]
                .flatMap((t) => [...t.querySelectorAll("tbody tr")])
                .map((row) => row.firstChild?.textContent),
            })),
          );
          const own = wanted.filter(({ nodes }) => nodes.join("-") === key);
          assert.deepEqual(
            cards,
            own.map(({ rule, because, facts, alternatives = [] }) => ({
              rule,
              because,
              numbers: [...facts.map((f) => f.name), ...alternatives.map((a) => a.choice)],
            })),
          );
        }
      });

      test("explain says what the lineage and the verdicts of the page say", async () => {
        const sources = (live.summary?.sources ?? []).flatMap(({ path: at }, i) => (/^#\d+$/.test(at) ? [i] : []));
        const few = [...new Set([sources[0], sources[Math.floor((2 * sources.length) / 3)]])].filter((source) => source !== undefined);
        assert.ok(few.length > 0);
        for (const source of few) await compareLineage(source);
      });

      async function compareLineage(source: number): Promise<void> {
        const reference = live.summary?.sources[source]?.path ?? "";
        const told = (await commandJson(["explain", file, reference])) as unknown as Explained;
        await command({ name: "show-stage", stage: 0 });
        await command({ name: "select-source", source });
        const inLoops = told.lineage.filter(({ nodes }) => nodes.some(({ op }) => op === "region"));
        if (inLoops.length > 0) await page.waitForSelector('.lineage li[data-level="loops"]');
        const steps = await page.$$eval(".lineage li", (list) =>
          list.map((item) => ({
            level: (item as HTMLElement).dataset["level"],
            stage: Number((item as HTMLElement).dataset["stage"]),
            rule: (item as HTMLElement).dataset["rule"],
            items: [...item.querySelectorAll(".lineage-items .link")].map((link) => link.textContent ?? ""),
          })),
        );
        const most = 6;
        const graph = told.lineage.filter((step) => !inLoops.includes(step) && step.stage <= lastGraph());
        assert.deepEqual(
          steps
            .filter(({ level }) => level === "graph")
            .map(({ stage, rule, items }) => ({ stage, rule, items: items.filter((t) => !t.startsWith("and ")) })),
          graph.map(({ stage, rule = "", nodes }) => ({
            stage,
            rule,
            items: nodes
              .slice(0, most)
              .map(({ id, op }) => `${op === "opaque" ? (live.summary?.sources[source]?.opType ?? "") : op} #${id}`),
          })),
          `graph stages of ${reference}`,
        );
        // The page has what runs every time first, and packing last.
        const loops = steps.filter(({ level }) => level === "loops");
        assert.deepEqual(
          loops.map(({ stage, items }) => [stage, items.length]),
          inLoops.map(({ stage, nodes }) => [stage, Math.min(most, nodes.length)]),
          `loops of ${reference}`,
        );
        const names = inLoops.map(({ nodes }) => new Set(nodes.map(({ name }) => name)));
        for (const [i, { items }] of loops.entries()) for (const item of items) assert.ok(names[i]?.has(item), item);
        const cards = await page.$$eval(".verdict", (list) =>
          list.map((card) => `${(card as HTMLElement).dataset["rule"]}: ${card.querySelector(".verdict-because")?.textContent}`),
        );
        assert.deepEqual(
          sorted(cards),
          sorted(told.verdicts.map(({ rule, because }) => `${rule}: ${because}`)),
          `verdicts of ${reference}`,
        );
        await command({ name: "show-stage", stage: lastGraph() });
        for (const { node, stage, rule = "", from } of told.introduced.slice(0, 3)) {
          await command({ name: "select-node", node });
          const shown = await page.$eval("[data-introduced]", (e) => ({ ...(e as HTMLElement).dataset }));
          assert.deepEqual(shown, { introduced: String(stage), rule, from: from.map(({ id }) => id).join(",") });
        }
      }
    });
  }

  test("a benchmark", async () => {
    const result = (await commandJson(["bench", example, "--seconds", "0.05"])) as unknown as BenchResult;
    const { page } = await open(browser, { ...mlp(), replies: { bench: result } });
    await page.keyboard.press("4");
    await page.click("text=Run benchmark");
    const text = clean(await page.locator(".bench-result").innerText());
    const { ours, control, flops, gflops, bytes, counters, isa, threads, precision, scope } = result;
    const times = [ours.medianMs, ...ours.ci95, ours.minMs, ours.p95Ms].map(timeText);
    const others = [
      String(ours.runs),
      flopsText(flops),
      digits(gflops),
      bytesText(bytes),
      digits(control.median),
      `${isa} · ${threads} thread`,
    ];
    for (const shown of [...times, ...others, precision, scope]) assert.ok(text.includes(shown), `${shown} is not in "${text}"`);
    for (const [name, { valid, why }] of Object.entries(counters)) assert.ok(text.includes(valid ? name : `missing: ${why}`), name);
    await page.context().close();
  });
});
