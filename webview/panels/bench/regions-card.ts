/** Fusion groups by their time inside of a run, with what each reaches and how it does on its own; and the threads that shared the work. */
import type { BenchRegion, BenchResult } from "#protocol";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { slicesOf, timelinePlot } from "../../draw/timeline.ts";
import { ratioText } from "../../model/bench-text.ts";
import { digits, timeText, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { card, more, note, plot, type Dashboard } from "./parts.ts";

/** Rows that are in sight at once; the rest opens. */
const firstRows = 12;
const mostRows = 400;

/** Groups that took time: those of the first run (packed weights) take none later. */
const timed = ({ regions }: BenchResult): readonly BenchRegion[] => regions.filter(({ ns }) => ns > 0).sort((a, b) => b.ns - a.ns);

export function regionsCard(board: Dashboard): HTMLElement | undefined {
  const { result } = board.run;
  const sorted = timed(result).slice(0, mostRows);
  if (sorted.length === 0) return undefined;
  const sum = sorted.reduce((total, { ns }) => total + ns, 0);
  const row = (region: BenchRegion): HTMLElement => regionRow(region, sum, sorted[0]?.ns ?? 1, board);
  const rest = sorted.slice(firstRows);
  const { regionOverhead } = result;
  return card(
    "regions",
    "Time per fusion group",
    note(
      [
        t("Inside a run of the whole, summed over threads."),
        regionOverhead
          ? t("The instrumented build takes {0} of the plain one's time.", ratioText(regionOverhead.median))
          : t("From an instrumented build, which is a little slower."),
        board.ownGroups ? "" : t("These groups are those of the part on its own, not of the model."),
      ]
        .filter(Boolean)
        .join(" "),
    ),
    el("ol", { class: "regions" }, ...sorted.slice(0, firstRows).map(row)),
    rest.length > 0 ? more(t("{0} more groups", rest.length), el("ol", { class: "regions" }, ...rest.map(row))) : undefined,
  );
}

function regionRow(region: BenchRegion, sum: number, longest: number, { ownGroups, pickGroup, groupName }: Dashboard): HTMLElement {
  const { group, ns, name } = region;
  const bar = el("div", { class: "region-bar" });
  bar.style.width = `${(100 * ns) / (longest || 1)}%`;
  const label = ownGroups ? groupName(group) : t("group {0}", group);
  const title = name ? `${label} · ${visible(name)}` : label;
  return el(
    "li",
    { title },
    ownGroups ? linkButton(label, () => pickGroup(group)) : el("span", { class: "region-name" }, label),
    el("span", { class: "region-track", attrs: { "aria-hidden": "true" } }, bar),
    el("span", { class: "region-time" }, `${timeText(ns / 1e6)} · ${digits((100 * ns) / sum)} %`),
    el("span", { class: "region-more" }, extraText(region)),
  );
}

/** Rate, the time on its own, the waits. */
function extraText({ ns, flops, isolated, notIsolated, threads = [] }: BenchRegion): string {
  const wall = threads.length > 0 ? Math.max(...threads.map((thread) => thread.ns)) : ns;
  const waits = threads.reduce((total, thread) => total + thread.waitNs, 0);
  return [
    flops !== undefined && flops > 0 && wall > 0 ? t("{0} Gflop/s", digits(flops / wall)) : "",
    isolated ? t("alone {0}", timeText(isolated.medianMs)) : notIsolated ? t("not alone: {0}", visible(notIsolated)) : "",
    waits > 0.02 * ns ? t("waits {0}", timeText(waits / 1e6)) : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Drawn when there are threads to tell apart. */
export function threadsCard({
  run: { result },
  theme,
  width,
  selected,
  pickGroup,
  ownGroups,
  groupName,
}: Dashboard): HTMLElement | undefined {
  const measured = result.regions.filter(
    (region): region is BenchRegion & { threads: NonNullable<BenchRegion["threads"]> } => (region.threads?.length ?? 0) > 0,
  );
  if (measured.length === 0) return undefined;
  const threads = slicesOf(
    measured.map(({ group, threads: each, name }) => ({
      group,
      threads: each,
      name: ownGroups ? groupName(group) : (name ?? t("group {0}", group)),
    })),
  );
  const options = { width, threads, format: (ns: number) => timeText(ns / 1e6), selected: ownGroups ? selected : undefined };
  const picture = timelinePlot({ ...options, pick: (group) => ownGroups && pickGroup(group) }, theme);
  return card(
    "threads",
    "Threads over one run",
    note(
      result.threads > 1
        ? t("Means over the instrumented runs, region after region; hatched: waiting for the other threads at a barrier.")
        : t("Means over the instrumented runs, region after region; there is one thread, so nothing waits."),
    ),
    plot(picture),
  );
}
