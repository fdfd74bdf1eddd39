/**
 * Operators with a loop nest of their own: one row each. A writer is a template for a group of one node; it writes the plainest correct
 * nest (every output of the node, each element stored once or more, in parallel over independent outer loops) and leaves making it fast
 * to the tensor passes. An operator that can be said as others is better decomposed in `passes/1-graph/decompose`.
 */
import { bug } from "../../messages.ts";
import { recurrentLoops } from "./rnn.ts";
import type { Template } from "../template.ts";
import { argExtreme } from "./arg-extreme.ts";
import { depthToSpace, spaceToDepth } from "./blocks.ts";
import { matmulBlocksLoops, packBlocksLoops } from "./blocks-of-weights.ts";
import { cumProd, cumSum } from "./cumulative.ts";
import { gatherElements, gatherNd } from "./gather.ts";
import { col2imLoops } from "./col2im.ts";
import { convLoops } from "./conv.ts";
import { gridSample } from "./grid-sample.ts";
import { matmulLoops } from "./matmul.ts";
import { packPanels } from "./pack-panels.ts";
import { maxPoolLastLoops } from "./max-pool-last.ts";
import { maxUnpoolLoops } from "./max-unpool.ts";
import { poolLoops } from "./pool.ts";
import { pad, tile } from "./pad.ts";
import { eyeLike, oneHot, reverseSequence, trilu } from "./positions.ts";
import { resample } from "./resample.ts";
import { scatterElements, scatterNd, tensorScatter } from "./scatter.ts";
import { treeLeaves } from "./tree-leaves.ts";
import { topK } from "./top-k.ts";
import { unfoldLoops } from "./unfold.ts";

export const loopWriters: Readonly<Record<string, Template>> = {
  recurrent: recurrentLoops,
  conv: convLoops,
  col2im: col2imLoops,
  unfold: unfoldLoops,
  matmul: matmulLoops,
  "matmul-integer": matmulLoops,
  "pack-integer": packPanels,
  "pack-bf16": packPanels,
  "pack-blocks": packBlocksLoops,
  "matmul-blocks": matmulBlocksLoops,
  "max-pool": poolLoops,
  "max-pool-last": maxPoolLastLoops,
  "max-unpool": maxUnpoolLoops,
  "average-pool": poolLoops,
  "lp-pool": poolLoops,
  pad,
  tile,
  "gather-elements": gatherElements,
  "gather-nd": gatherNd,
  "scatter-elements": scatterElements,
  "scatter-nd": scatterNd,
  "tensor-scatter": tensorScatter,
  "depth-to-space": depthToSpace,
  "space-to-depth": spaceToDepth,
  "one-hot": oneHot,
  trilu,
  "eye-like": eyeLike,
  "reverse-sequence": reverseSequence,
  "cum-sum": cumSum,
  "cum-prod": cumProd,
  "tree-leaves": treeLeaves,
  "top-k": topK,
  resample,
  "grid-sample": gridSample,
  "arg-max": argExtreme,
  "arg-min": argExtreme,
};

export const loops: Template = (call) => {
  const op = call.nodes[0]?.op ?? bug("an empty group");
  const writer = loopWriters[op] ?? bug(`no loops are written for ${op}`);
  return writer(call);
};
