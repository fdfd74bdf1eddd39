/** The registry of templates: which code writes the loop nest of a fusion group. */
import type { TemplateName } from "../passes/2-lower/draft.ts";
import { hole } from "./hole.ts";
import { attention } from "./attention/index.ts";
import { chain } from "./chain.ts";
import { conv } from "./conv.ts";
import { convLast } from "./conv-last.ts";
import { loops } from "./loops/index.ts";
import { concat, copy, gather } from "./movement.ts";
import { matmul } from "./matmul.ts";
import { isBlockProduct, matmulI4 } from "./matmul-i4.ts";
import { isPackedProduct, matmulPacked } from "./matmul-packed.ts";
import { pack } from "./pack.ts";
import { points } from "./points.ts";
import { reduce } from "./reduce.ts";
import { rows } from "./rows.ts";
import type { Template } from "./template.ts";

/** `view` needs no nest: its readers read the source in place. */
export const templates = {
  matmul: (call) => (isBlockProduct(call.nodes[0]) ? matmulI4(call) : isPackedProduct(call.nodes[0]) ? matmulPacked(call) : matmul(call)),
  attention,
  "matmul-rows": attention,
  chain,
  conv,
  "conv-last": convLast,
  rows,
  points,
  reduce,
  copy,
  concat,
  gather,
  pack,
  hole,
  loops,
  view: () => [],
} satisfies Record<TemplateName, Template>;
