/** What a group is estimated to cost, and what fusing saves: the numbers of `compile --json`. */
import type { FusionGroup } from "#protocol";
import type { App } from "../../app.ts";
import { bytesText, digits, timeText, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { costParts } from "../fusion/group-row.ts";
import type { Fact } from "./blocks.ts";

export function estimateFacts(app: App, id: number): Fact[] {
  const report = app.store.state.summary?.fusion?.find(({ group }) => group === id);
  if (!report) return [];
  return [["Kind", visible(report.kind)], ...costFacts(report), ...memoryFacts(report), ...nestFacts(report)];
}

function costFacts({ cost }: FusionGroup): Fact[] {
  if (!cost) return [];
  const parts = costParts.map(({ key, label }) => `${t(label)} ${timeText(cost[key] / 1e6)}`);
  return [
    ["Estimated time", timeText(cost.ns / 1e6)],
    ["Parts of it", parts.join(", ")],
    [
      "Parallelism",
      `${digits(100 * cost.parallelism)} %: ${cost.pieces === 1 ? t("one piece, one thread") : t("{0} pieces for {1} threads", cost.pieces, cost.threads)}`,
    ],
  ];
}

function memoryFacts({ footprint, readBytes, writtenBytes, savedBytes }: FusionGroup): Fact[] {
  return [
    [
      "Footprint",
      `${bytesText(footprint.bytes)}: ${t("{0} of the thread's own, fits {1}", bytesText(footprint.scratch), footprint.level)}`,
    ],
    ["Traffic", t("{0} read, {1} written", bytesText(readBytes), bytesText(writtenBytes))],
    ...(savedBytes > 0 ? [["Saved by fusing", t("{0} not written and read back", bytesText(savedBytes))] as const] : []),
  ];
}

function nestFacts({ nests, mergedBy }: FusionGroup): Fact[] {
  return mergedBy.length === 0 ? [] : [["Made of", `${nests.map(({ name }) => visible(name)).join(", ")} (${mergedBy.join(", ")})`]];
}
