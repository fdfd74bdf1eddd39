/** The measured ceilings of the machine, what was reached below them, and the way it came over earlier runs. */
import type { BenchResult, BenchRun } from "#protocol";
import { rooflinePlot, type Ceiling, type RoofPoint } from "../../draw/roofline.ts";
import { bytesText, digits, flopsText, timeText, visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { facts, type Fact } from "../details/blocks.ts";
import { card, note, plot, type Dashboard } from "./parts.ts";

/** Earlier runs of the same thing that are drawn. */
const mostTrail = 8;
/** Regions that are drawn: the rest take next to no time. */
const mostPoints = 40;

export function rooflineCard(board: Dashboard): HTMLElement {
  const { run, theme, width } = board;
  const { result } = run;
  const ceilings = ceilingsOf(result);
  const points = pointsOf(board);
  const trail = trailOf(board);
  const format = (value: number): string => digits(value);
  const size = { width: Math.min(width, 900), height: Math.round(Math.min(360, Math.max(260, width * 0.46))) };
  const picture = ceilings.length > 0 ? rooflinePlot({ ...size, ceilings, points, trail, format }, theme) : undefined;
  const missing =
    ceilings.length === 0
      ? t("The peaks of this machine were not measured, so there is nothing to hold the rates against.")
      : t("Nothing here has work and bytes that are known.");
  return card(
    "roofline",
    "Roofline",
    picture ? plot(picture) : note(missing),
    picture && note(legendText(points, trail, result)),
    facts(rates(result)),
  );
}

function legendText(points: readonly RoofPoint[], trail: readonly RoofPoint[], { roofline }: BenchResult): string {
  const bytes = roofline?.points.some(({ bytesFrom }) => bytesFrom === "counted")
    ? t("bytes from hardware counters where there are any")
    : t("bytes: operands and results counted once");
  return [
    t("Diamond: the whole; dots: fusion groups, as large as their share of the time; {0}.", bytes),
    trail.length > 0 ? t("Hollow dots: the {0} runs before, oldest first along the line.", trail.length) : "",
    points.length > mostPoints ? t("Only the {0} slowest groups are drawn.", mostPoints) : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** Those of the arithmetic that ran, and the others faintly; results of older versions know two. */
function ceilingsOf({ roofline, peakGflops, peakGBs, precision }: BenchResult): Ceiling[] {
  if (roofline && roofline.ceilings.length > 0)
    return roofline.ceilings.map(({ name, kind, value, precision: of }) => ({
      name: visible(name),
      kind,
      value,
      other: kind === "compute" && of !== undefined && of !== precision && hasOwn(roofline, precision),
    }));
  return [
    ...(peakGflops === null ? [] : [{ name: t("FMA peak"), kind: "compute" as const, value: peakGflops }]),
    ...(peakGBs === null ? [] : [{ name: t("copy from memory"), kind: "bandwidth" as const, value: peakGBs }]),
  ];
}

const hasOwn = ({ ceilings }: NonNullable<BenchResult["roofline"]>, precision: string): boolean =>
  ceilings.some((c) => c.precision === precision);

const wholeOf = ({ result }: BenchRun): { readonly flops: number; readonly bytes: number; readonly ns: number } => {
  const point = result.roofline?.points.find(({ group }) => group === undefined);
  return point ?? { flops: result.flops, bytes: result.bytes, ns: result.ours.medianMs * 1e6 };
};

function pointsOf({ run, pickGroup, groupName, ownGroups }: Dashboard): RoofPoint[] {
  const whole = wholeOf(run);
  const { roofline, regions } = run.result;
  const known = roofline?.points.filter(({ group }) => group !== undefined) ?? regionPoints(regions);
  const all = known.reduce((sum, { ns }) => sum + ns, 0);
  const groups = [...known]
    .sort((a, b) => b.ns - a.ns)
    .slice(0, mostPoints)
    .map((point): RoofPoint => {
      const group = point.group as number;
      const bound = "bound" in point && point.bound ? t(", {0} % of {1}", digits(100 * (point.share ?? NaN)), visible(point.bound)) : "";
      const name = ownGroups ? groupName(group) : visible(point.label);
      return {
        label: `g${group}`,
        tip: `${name}: ${rateText(point)}${bound}`,
        flops: point.flops,
        bytes: point.bytes,
        ns: point.ns,
        share: all > 0 ? point.ns / all : 0,
        ...(ownGroups ? { pick: () => pickGroup(group) } : {}),
      };
    });
  return [...groups, { ...whole, label: t("whole"), tip: t("The whole: {0}", rateText(whole)), share: 1, whole: true }];
}

interface Placed {
  readonly group: number;
  readonly label: string;
  readonly flops: number;
  readonly bytes: number;
  readonly ns: number;
}

/** Regions as points: their time is that of the slowest thread, because all of them work on it at once. */
const regionPoints = (regions: BenchResult["regions"]): Placed[] =>
  regions.flatMap(({ group, name, ns, threads, flops = NaN, bytes = NaN }) => {
    const wall = threads && threads.length > 0 ? Math.max(...threads.map((thread) => thread.ns)) : ns;
    return flops > 0 && bytes > 0 && wall > 0 ? [{ group, label: name ?? `g${group}`, flops, bytes, ns: wall }] : [];
  });

const rateText = ({ flops, bytes, ns }: { readonly flops: number; readonly bytes: number; readonly ns: number }): string =>
  `${digits(flops / ns)} Gflop/s, ${digits(flops / bytes)} flop/B, ${timeText(ns / 1e6)}`;

/** Runs of the same scope before this one. */
function trailOf({ run, runs }: Dashboard): RoofPoint[] {
  const same = runs.filter(({ scope, at, id }) => id !== run.id && at < run.at && JSON.stringify(scope) === JSON.stringify(run.scope));
  return same
    .slice(-mostTrail)
    .map((earlier) => ({ ...wholeOf(earlier), label: "", tip: `${dateText(earlier.at)}: ${rateText(wholeOf(earlier))}`, share: 0 }));
}

/** A time of day; of another day with its date. */
export function dateText(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return t("unknown time");
  const two = (n: number): string => String(n).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const now = new Date();
  return date.toDateString() === now.toDateString()
    ? time
    : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time.slice(0, 5)}`;
}

function rates(result: BenchResult): Fact[] {
  const share = (value: number, peak: number | null): string =>
    peak === null || !(peak > 0) ? t("peak not measured") : t("{0} % of {1}", digits((100 * value) / peak), digits(peak));
  const gbs = result.bytes / (result.ours.medianMs * 1e6);
  return [
    [t("Work"), flopsText(result.flops)],
    ["Gflop/s", `${digits(result.gflops)} (${share(result.gflops, result.peakGflops)})`],
    [t("Bytes"), bytesText(result.bytes)],
    [
      "GB/s",
      `${t("{0} when nothing is cached", digits(gbs))}${result.peakGBs === null ? "" : `; ${t("{0} copied from memory", digits(result.peakGBs))}`}`,
    ],
  ];
}
