/** What a part costs where it stands in the model, beside what it costs on its own; and how a result compares with one that was stored. */
import type { BenchComparison, BenchResult, InPlaceTime, Ratio, Timing } from "#protocol";
import { baselineName, ratioText } from "../../model/bench-text.ts";
import { timeText, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { facts } from "../details/blocks.ts";
import { card, note } from "./parts.ts";
import { dateText } from "./roofline-card.ts";

const interval = ({ medianMs, ci95 }: Timing): string => `${timeText(medianMs)} (${timeText(ci95[0])} – ${timeText(ci95[1])})`;
const ratioWithInterval = ({ median, ci95 }: Ratio): string => `${ratioText(median)} (${ratioText(ci95[0])} – ${ratioText(ci95[1])})`;

export function placeCard({ inPlace, notInPlace }: BenchResult): HTMLElement | undefined {
  if (inPlace) return card("place", "In its place, and on its own", ...placed(inPlace));
  return notInPlace === undefined
    ? undefined
    : card("place", "In its place, and on its own", note(t("Not measured in its place: {0}.", visible(notInPlace))));
}

function placed({ inPlace, isolated, ratio, whole, groups, others }: InPlaceTime): HTMLElement[] {
  const rows = facts([
    [t("In its place"), interval(inPlace)],
    [t("On its own"), interval(isolated)],
    [t("Its place costs"), ratioWithInterval(ratio)],
    [t("Whole model"), interval(whole)],
  ]);
  const remark = t(
    "Measured in turns, as the time of the busiest thread in groups {0}; above 1, cold operands or other layouts cost it something.",
    groups.join(", "),
  );
  const more = others.length === 0 ? [] : [note(t("These groups compute more than the part: {0}.", others.map(visible).join(", ")))];
  return [rows, note(remark), ...more];
}

export function storedCard(comparison: BenchComparison | undefined): HTMLElement | undefined {
  if (!comparison) return undefined;
  const { with: file, date, ratio, method, through, threshold, regression } = comparison;
  return card(
    "stored",
    "Against a stored result",
    facts([
      [t("Stored"), `${visible(file)}${date === null ? "" : `, ${dateText(date)}`}`],
      [
        t("Stored time over this one"),
        `${ratioWithInterval(ratio)}${method === "paired" && through !== undefined ? `, ${t("through {0}", baselineName(through))}` : ""}`,
      ],
      [t("Regression"), regression ? t("yes: below 1 by more than {0} %", String(100 * threshold)) : t("no")],
    ]),
  );
}
