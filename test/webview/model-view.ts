/** A model open in the fusion view or the memory view, with the real compiler behind the page. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import type { CompilationSummary, FusionGroup, PanelCommand, ToPage } from "#protocol";
import { bytesText, digits, timeText } from "../../webview/model/format.ts";
import { fusionTotals } from "../../webview/model/fusion-rows.ts";
import { commandJson } from "../vscode/models.ts";
import { LiveModel } from "./live-host.ts";
import { open, type Opened } from "./page.ts";

export const clean = (text: string | null | undefined): string => (text ?? "").replace(/\s+/g, " ").trim();

export class ModelView {
  private constructor(
    readonly live: LiveModel,
    readonly opened: Opened,
  ) {}

  static async open(
    browser: Browser,
    worker: string,
    file: string,
    options: ConstructorParameters<typeof LiveModel>[2] = {},
  ): Promise<ModelView> {
    const live = new LiveModel(worker, file, options);
    await live.compile();
    const opened = await open(browser, { messages: [], host: live.host, width: 1300, height: 1400, reducedMotion: true });
    await opened.page.waitForFunction(() => document.body.dataset["painted"] !== undefined);
    return new ModelView(live, opened);
  }

  get page(): Page {
    return this.opened.page;
  }

  async close(): Promise<void> {
    assert.deepEqual(this.opened.errors, []);
    await this.page.context().close();
    this.live.close();
  }

  /** As a tree of the editor does. */
  async command(wanted: PanelCommand): Promise<void> {
    await this.opened.deliver({ type: "command", command: wanted } as ToPage);
    await this.page.waitForTimeout(20);
  }

  async fact(name: string): Promise<string> {
    return clean(await this.page.textContent(`.details [data-fact="${name}"]`));
  }

  /** Nodes that the page said are selected. */
  async selected(): Promise<readonly number[]> {
    return (await this.opened.sent()).filter(({ type }) => type === "selected").at(-1)?.["nodes"] as readonly number[];
  }

  /** The view says what the command prints: totals, a row for each group, a dashed one for each refusal. */
  async assertNumbers(file: string): Promise<void> {
    const json = (await commandJson(["compile", file, "--only-until", "plan-memory"])) as unknown as CompilationSummary;
    await this.page.keyboard.press("5");
    const totals = clean(await this.page.textContent(".fusion .totals"));
    const { nests, operators, savedBytes, ns, refused, fused, quiet } = fusionTotals(json);
    for (const shown of [`${nests}loop`, `${operators}operators`, bytesText(savedBytes), timeText(ns / 1e6)])
      assert.ok(totals.includes(shown), totals);
    const chips = clean(await this.page.textContent(".fusion-tools"));
    for (const count of [refused, fused, quiet]) assert.ok(chips.includes(`(${count})`), chips);
    await this.page.click(".fusion-chip >> nth=2");
    for (const report of json.fusion ?? []) await this.assertGroup(report);
    assert.deepEqual(
      (json.fusion ?? []).map(({ group }) => group),
      json.groups.map(({ id }) => id),
      "a row for each group",
    );
    await this.assertRefused(json);
  }

  private async assertGroup(report: FusionGroup): Promise<void> {
    await this.command({ name: "select-group", group: report.group });
    await this.page.keyboard.press("5"); // a command of the editor goes to the graph
    const row = this.page.locator(`.fusion-row[data-group="${report.group}"]`);
    await row.waitFor();
    const cell = async (name: string): Promise<string> => clean(await row.locator(`.fusion-${name}`).textContent());
    assert.equal(await row.getAttribute("aria-selected"), "true");
    assert.ok((await cell("what")).startsWith(report.kind));
    assert.equal(await cell("saved"), report.savedBytes > 0 ? bytesText(report.savedBytes) : "–");
    assert.equal(await cell("foot"), `${bytesText(report.footprint.bytes)}${report.footprint.level}`);
    if (report.cost) {
      assert.equal(await cell("time"), timeText(report.cost.ns / 1e6));
      assert.ok((await cell("busy")).startsWith(`${digits(100 * report.cost.parallelism)} %`));
      assert.equal(await this.fact("Estimated time"), timeText(report.cost.ns / 1e6));
      const parts = await this.fact("Parts of it");
      for (const key of ["computeNs", "memoryNs", "recomputeNs", "launchNs"] as const)
        assert.ok(parts.includes(timeText(report.cost[key] / 1e6)), `${key} in ${parts}`);
    }
    assert.ok((await this.fact("Traffic")).startsWith(`${bytesText(report.readBytes)} read, ${bytesText(report.writtenBytes)} written`));
  }

  private async assertRefused(json: CompilationSummary): Promise<void> {
    for (const { group, refused } of json.fusion ?? []) {
      if (refused.length === 0) continue;
      await this.command({ name: "select-group", group });
      await this.page.keyboard.press("5");
      for (const { verdict, apartNs, bytes, togetherNs } of refused) {
        const told = json.verdicts[verdict];
        const row = this.page.locator(`.fusion-edge.refused[data-group="${group}"][data-nodes="${told?.nodes.join("-")}"]`).first();
        const text = clean(await row.textContent());
        assert.ok(text.includes(clean(told?.because)), text);
        assert.ok(text.includes(`apart: ${timeText(apartNs / 1e6)} (${bytesText(bytes)} written and read back)`), text);
        assert.ok(text.includes(togetherNs === null ? "one nest: not possible" : `one nest: ${timeText(togetherNs / 1e6)} more`), text);
      }
    }
  }
}
