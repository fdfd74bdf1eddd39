/** What is said about a part in its place. */
import type { BenchResult } from "#protocol";
import { alignColumns } from "./align.ts";
import { percentText, ratioText, timeText } from "./units.ts";

/** Lines about the time of a part inside of a run of the whole model; none where it was not asked for. */
export function inPlaceText({ inPlace, notInPlace }: Pick<BenchResult, "inPlace" | "notInPlace">): string[] {
  if (notInPlace !== undefined) return ["", `not timed in its place: ${notInPlace}`];
  if (inPlace === undefined) return [];
  const { inPlace: placed, isolated, ratio, whole, groups, others } = inPlace;
  return [
    "",
    ...alignColumns([
      [
        "in its place",
        `${timeText(placed.medianMs)} of ${timeText(whole.medianMs)} (${percentText(placed.medianMs / whole.medianMs)}), groups ${groups.join(", ")}`,
      ],
      ["on its own", `${timeText(isolated.medianMs)}, measured in the same way`],
      ["in place : own", `${ratioText(ratio.median)} (${ratioText(ratio.ci95[0])} - ${ratioText(ratio.ci95[1])})`],
      ...(others.length === 0
        ? []
        : [["shared", `these groups also compute ${others.slice(0, 8).join(", ")}${others.length > 8 ? " ..." : ""}`]]),
    ]),
  ];
}
