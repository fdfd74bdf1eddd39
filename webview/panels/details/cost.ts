/** Work and bytes of nodes, their share of the whole model, and operations per byte. */
import type { App } from "../../app.ts";
import { bytesText, digits, flopsText, timeText } from "../../model/format.ts";
import { timeOfNodes } from "../../model/profile-times.ts";
import type { NodeRow } from "../../model/trace.ts";
import type { Fact } from "./blocks.ts";

/** Sums over what is known, and of how many it is not. */
export function workFacts(app: App, nodes: readonly NodeRow[]): Fact[] {
  const { summary } = app.store.state;
  const flops = sumOf(nodes, (node) => node.flops);
  const bytes = sumOf(nodes, (node) => node.bytes);
  const made: Fact[] = [
    ["Work", described(flops, nodes.length, flopsText) + share(flops.sum, summary?.flops)],
    ["Bytes moved", described(bytes, nodes.length, bytesText) + share(bytes.sum, summary?.bytes)],
  ];
  if (flops.sum > 0 && bytes.sum > 0 && flops.missing + bytes.missing === 0)
    made.push(["Intensity", `${digits(flops.sum / bytes.sum)} flop/B`]);
  return [...made, ...profiledFact(app, nodes)];
}

/** The time of what nodes came from in ONNX Runtime, where a profile of it is open. */
export function profiledFact(app: App, nodes: readonly NodeRow[]): Fact[] {
  const { profile } = app.store.state;
  const us = profile && timeOfNodes(profile, nodes);
  if (profile === undefined || us === undefined) return [];
  return [["In ONNX Runtime", `${timeText(us / 1000)} per run (${digits((100 * us) / profile.kernelsUs)} % of its kernels)`]];
}

interface Sum {
  readonly sum: number;
  readonly missing: number;
}

function sumOf(nodes: readonly NodeRow[], of: (node: NodeRow) => number): Sum {
  const known = nodes.map(of).filter((value) => Number.isFinite(value));
  return { sum: known.reduce((total, value) => total + value, 0), missing: nodes.length - known.length };
}

const described = ({ sum, missing }: Sum, count: number, format: (sum: number) => string): string =>
  missing === 0 ? format(sum) : `${format(sum)}, not known for ${missing} of ${count} nodes`;

/** Of one run of the compiled part; work done once at the first run is not in it. */
function share(part: number, whole: number | undefined): string {
  if (whole === undefined || !(whole > 0) || !(part > 0) || part > whole) return "";
  const percent = (100 * part) / whole;
  return ` (${percent < 0.1 ? "under 0.1" : digits(percent)} % of the model)`;
}
