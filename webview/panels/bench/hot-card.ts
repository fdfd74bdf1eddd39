/** Where the time goes line by line, when the code was sampled; and what a model of the processor says about its loops, when that was asked. */
import type { HotSpots, StaticEstimate } from "#protocol";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { digits, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { card, dataTable, more, note, type Dashboard } from "./parts.ts";

const mostLines = 15;
const mostLoops = 20;

export function hotCard({ run: { result }, openLine, pickGroup, ownGroups }: Dashboard): HTMLElement | undefined {
  const { hotSpots, estimate } = result;
  if (!hotSpots && !estimate) return undefined;
  const line = (number: number): HTMLElement =>
    ownGroups ? linkButton(t("line {0}", number), () => openLine(number)) : el("span", {}, t("line {0}", number));
  return card(
    "hot",
    "Hot lines",
    hotSpots &&
      hotLines(hotSpots, line, (group) => (ownGroups ? linkButton(`g${group}`, () => pickGroup(group)) : el("span", {}, `g${group}`))),
    estimate && loops(estimate, line),
  );
}

function hotLines(
  { samples, outside, runs, hz, clock, skid, lines, instructions }: HotSpots,
  line: (n: number) => HTMLElement,
  group: (n: number) => HTMLElement,
): HTMLElement {
  const rows = lines
    .slice(0, mostLines)
    .map((hot) => [
      line(hot.line),
      el("code", { class: "hot-text", title: visible(hot.text.trim()) }, visible(hot.text.trim())),
      hot.group === undefined ? "" : group(hot.group),
      shareBar(hot.share),
      String(hot.samples),
    ]);
  const columns = [{ title: "C++" }, { title: "Text" }, { title: "Group" }, { title: "Share" }, { title: "Samples", numeric: true }];
  return el(
    "div",
    {},
    note(
      t(
        "{0} samples in {1} runs at {2} Hz per thread ({3}); {4} of them outside of the model; {5}.",
        samples,
        runs,
        hz,
        visible(clock),
        outside,
        visible(skid),
      ),
    ),
    rows.length > 0 ? dataTable("Lines by samples", columns, rows) : note(t("No sample fell into the code.")),
    instructions.length > 0
      ? more(
          t("{0} instructions", instructions.length),
          dataTable(
            "Instructions by samples",
            [{ title: "Instruction" }, { title: "C++" }, { title: "Share" }, { title: "Samples", numeric: true }],
            instructions.map((one) => [
              el("code", {}, visible(one.text)),
              one.line === null ? "" : line(one.line),
              shareBar(one.share),
              String(one.samples),
            ]),
          ),
        )
      : undefined,
  );
}

function shareBar(share: number): HTMLElement {
  const bar = el("span", { class: "share-bar", attrs: { "aria-hidden": "true" } });
  bar.style.width = `${Math.round(60 * Math.min(1, share))}px`;
  return el("span", { class: "share" }, bar, `${digits(100 * share)} %`);
}

/** Characters of a function's name; the rest is in its tooltip. */
const longestSymbol = 44;

/** A function's name without what all of them have: the type of the result, the name space. */
function shortSymbol(symbol: string): string {
  const short = symbol.replace(/^void /, "").replaceAll("fs::", "");
  return short.length > longestSymbol ? `${short.slice(0, longestSymbol - 1)}…` : short;
}

function loops(estimate: StaticEstimate, line: (n: number) => HTMLElement): HTMLElement {
  if (!estimate.valid) return note(t("No static estimate: {0}.", visible(estimate.why)));
  const rows = estimate.loops
    .slice(0, mostLoops)
    .map((loop) => [
      el("code", { title: visible(loop.symbol) }, shortSymbol(visible(loop.symbol))),
      loop.line === null ? "" : line(loop.line),
      String(loop.instructions),
      loop.cycles === undefined ? el("span", { class: "muted" }, visible(loop.refused ?? "")) : digits(loop.cycles),
      loop.flopsPerCycle === undefined ? "" : digits(loop.flopsPerCycle),
      visible(loop.bottleneck ?? ""),
    ]);
  return el(
    "div",
    {},
    el("h4", {}, t("Loops as estimated, not measured")),
    note(t("{0}, model {1}: {2}.", visible(estimate.tool), visible(estimate.model), visible(estimate.modelIs))),
    dataTable(
      "Loops as estimated",
      [
        { title: "Loop" },
        { title: "C++" },
        { title: "Instructions", numeric: true },
        { title: "Cycles", numeric: true },
        { title: "Flop per cycle", numeric: true },
        { title: "Limited by" },
      ],
      rows,
    ),
  );
}
