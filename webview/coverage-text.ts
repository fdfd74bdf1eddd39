/** How much of the model is compiled and how much work a run is, in words; never a bare question mark. */
import type { CompilationSummary } from "#protocol";
import { digits, flopsText } from "./model/format.ts";

const counted = (count: number): string => `${count} node${count === 1 ? "" : "s"}`;

/** `40 of 43 nodes, 98.2 % of the work`; the numbers are those that the command prints. */
export function coverageText({ coverage, unsupported }: CompilationSummary): string {
  if (!coverage) return unsupported.length === 0 ? "all nodes" : `not ${counted(unsupported.length)}`;
  const { nodes, compiledNodes, flops, compiledFlops, holeNodesWithoutFlops } = coverage;
  if (compiledNodes === nodes) return `all ${counted(nodes)}`;
  const share =
    flops > 0 && !(holeNodesWithoutFlops > 0 && compiledFlops === flops) // then it says nothing: only our own work is known
      ? `, ${digits(Math.floor((1000 * compiledFlops) / flops) / 10)} % of the ${holeNodesWithoutFlops > 0 ? "known " : ""}work`
      : "";
  return `${compiledNodes} of ${counted(nodes)}${share}`;
}

/** Who runs the rest; empty when there is none. */
export function restText({ coverage, holes = [] }: CompilationSummary): string {
  if (!coverage) return "";
  const { holeNodes, otherNodes, holeNodesWithoutFlops } = coverage;
  return [
    ...(holeNodes > 0 ? [`${counted(holeNodes)} on ONNX Runtime in ${holes.length} call${holes.length === 1 ? "" : "s"}`] : []),
    ...(otherNodes > 0 ? [`${counted(otherNodes)} cannot be run: there is no code`] : []),
    ...(holeNodesWithoutFlops > 0 ? [`the work of ${counted(holeNodesWithoutFlops)} is not known`] : []),
  ].join("; ");
}

/** Operations of one run; of what is known where that is not all. */
export function workText({ flops, coverage }: CompilationSummary): string {
  const known = coverage?.flops ?? flops;
  if (Number.isFinite(flops) && (coverage?.holeNodesWithoutFlops ?? 0) === 0) return flopsText(flops);
  return Number.isFinite(known) && known > 0 ? `over ${flopsText(known)}` : "not known";
}
