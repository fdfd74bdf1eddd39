/** Hot lines, estimates of loops and the roofline of a benchmark, for people. Each begins with an empty line; nothing when it was not asked for. */
import type { BenchResult, HotLine, LoopEstimate, Roofline, StaticEstimate } from "#protocol";
import { printable, textTable } from "./align.ts";
import { bytesText, flopsText, percentText, rateText, timeText } from "./units.ts";

/** Lines that are printed: JSON has all. */
const mostLines = 16;

export function hotSpotText({ hotSpots, estimate }: BenchResult): string[] {
  return [
    ...(hotSpots === undefined
      ? []
      : [
          "",
          `${hotSpots.samples} samples in ${hotSpots.runs} runs, ${hotSpots.hz} a second and thread asked for (${hotSpots.clock}): ${hotSpots.outside} outside of the model, ${hotSpots.unmapped} at no line`,
          hotSpots.skid,
          "",
          ...lineTable(hotSpots.lines.slice(0, mostLines)),
        ]),
    ...estimateText(estimate),
  ];
}

export function estimateText(estimate: StaticEstimate | undefined): string[] {
  return [
    ...(estimate === undefined
      ? []
      : estimate.valid
        ? [
            "",
            `estimates, not measurements: ${estimate.tool}, model ${estimate.model} (${estimate.modelIs}), all data in L1`,
            "",
            ...loopTable(estimate.loops),
          ]
        : ["", `no estimates: ${estimate.why}`]),
  ];
}

const lineTable = (lines: readonly HotLine[]): string[] =>
  textTable<HotLine>(
    [
      { title: "share", align: "right", cell: (l) => percentText(l.share) },
      { title: "samples", align: "right", cell: (l) => String(l.samples) },
      { title: "group", align: "right", cell: (l) => (l.group === undefined ? "" : String(l.group)) },
      { title: "nodes", cell: (l) => printable(l.nodes.join(" ")) },
      { title: "line", align: "right", cell: (l) => String(l.line) },
      { title: "C++", cell: (l) => printable(l.text.slice(0, 80)) },
    ],
    lines,
  );

const loopTable = (loops: readonly LoopEstimate[]): string[] =>
  textTable<LoopEstimate>(
    [
      { title: "group", align: "right", cell: (l) => (l.group === undefined ? "" : String(l.group)) },
      { title: "line", align: "right", cell: (l) => (l.line === null ? "" : String(l.line)) },
      { title: "loop at", align: "right", cell: (l) => l.from.toString(16) },
      { title: "instructions", align: "right", cell: (l) => String(l.instructions) },
      { title: "share", align: "right", cell: (l) => (l.share === undefined ? "" : percentText(l.share)) },
      { title: "cycles", align: "right", cell: (l) => (l.cycles === undefined ? "-" : l.cycles.toFixed(2)) },
      { title: "flop/cycle", align: "right", cell: (l) => (l.flopsPerCycle === undefined ? "" : l.flopsPerCycle.toFixed(1)) },
      { title: "limited by", cell: (l) => printable(l.bottleneck ?? l.refused ?? "") },
    ],
    loops,
  );

const threadsText = (n: number): string => `${n} thread${n === 1 ? "" : "s"}`;

export function rooflineText({ roofline }: BenchResult): string[] {
  if (roofline === undefined) return [];
  const ceiling = (c: Roofline["ceilings"][number]): string =>
    `${c.name} ${c.kind === "compute" ? rateText(c.value) : `${c.value.toFixed(1)} GB/s`}`;
  return [
    "",
    `ceilings of ${threadsText(roofline.ceilings[0]?.threads ?? 1)}: ${roofline.ceilings.map(ceiling).join(", ")}`,
    "",
    ...textTable<Roofline["points"][number]>(
      [
        { title: "roofline", cell: (p) => printable(p.label) },
        { title: "time", align: "right", cell: (p) => timeText(p.ns / 1e6) },
        { title: "work", align: "right", cell: (p) => flopsText(p.flops) },
        { title: "bytes", align: "right", cell: (p) => `${bytesText(p.bytes)}${p.bytesFrom === "counted" ? " counted" : ""}` },
        { title: "rate", align: "right", cell: (p) => rateText(p.flops / p.ns) },
        { title: "of its bound", align: "right", cell: (p) => (p.share === undefined ? "" : percentText(p.share)) },
        { title: "bound", cell: (p) => p.bound ?? "" },
      ],
      roofline.points,
    ),
  ];
}
