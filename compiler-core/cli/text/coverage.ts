/** The share of a model that is compiled, in one line. */
import type { CompilationSummary } from "#protocol";
import { flopsText, percentText, plural } from "./units.ts";

/** `9 of 10 nodes (90.0 %), 1.2 Mflop of 1.3 Mflop (92.3 %); 1 node on ONNX Runtime in 1 hole`. */
export function coverageText({ coverage, holes = [] }: CompilationSummary): string {
  if (coverage === undefined) return "not known";
  const { nodes, compiledNodes, holeNodes, otherNodes, flops, compiledFlops, holeNodesWithoutFlops } = coverage;
  const share = (part: number, whole: number): string => (whole === 0 ? "all" : percentText(part / whole));
  const parts = [`${compiledNodes} of ${nodes} nodes (${share(compiledNodes, nodes)})`];
  if (flops > 0) {
    const unknown = holeNodesWithoutFlops > 0 ? `, without ${plural(holeNodesWithoutFlops, "node")} of unknown work` : "";
    parts.push(`${flopsText(compiledFlops)} of ${flopsText(flops)} (${share(compiledFlops, flops)}${unknown})`);
  }
  const rest = [
    ...(holeNodes > 0 ? [`${plural(holeNodes, "node")} on ONNX Runtime in ${plural(holes.length, "hole")}`] : []),
    ...(otherNodes > 0 ? [`${plural(otherNodes, "node")} cannot be run`] : []),
  ];
  return [parts.join(", "), ...rest].join("; ");
}
