/**
 * The one ordered list of passes. The command, the inspector, the documentation and the tests read it; a pass is known by its position,
 * its name is a label. The order is data; why it matters stands beside it.
 */
import type { Pass } from "./passes/pass.ts";
import type { PassInfo } from "./protocol/trace.ts";
import { cutHoles } from "./passes/1-graph/cut-holes.ts";
import { specialiseDims } from "./passes/1-graph/specialise-dims.ts";
import { inferShapes } from "./passes/1-graph/infer-shapes.ts";
import { lowPrecision } from "./passes/1-graph/low-precision.ts";
import { foldConstants } from "./passes/1-graph/fold-constants.ts";
import { inlineControlFlow } from "./passes/1-graph/inline-control-flow.ts";
import { recognise } from "./passes/1-graph/recognise.ts";
import { widenSmallFloats } from "./passes/1-graph/widen-small-floats.ts";
import { decompose } from "./passes/1-graph/decompose.ts";
import { foldConvolutions } from "./passes/1-graph/fold-convolutions.ts";
import { propagateLayouts } from "./passes/1-graph/propagate-layouts.ts";
import { transformConvolutions } from "./passes/1-graph/transform-convolutions.ts";
import { flattenMatmul } from "./passes/1-graph/flatten-matmul.ts";
import { simplify } from "./passes/1-graph/simplify.ts";
import { eliminateCommon } from "./passes/1-graph/eliminate-common.ts";
import { eliminateDead } from "./passes/1-graph/eliminate-dead.ts";
import { packConvolutions } from "./passes/2-lower/pack-convolutions.ts";
import { bf16Products } from "./passes/2-lower/bf16-products.ts";
import { packWeights } from "./passes/2-lower/pack-weights.ts";
import { fuse, group } from "./passes/2-lower/fuse.ts";
import { chooseTiles } from "./passes/2-lower/choose-tiles.ts";
import { mergeNests } from "./passes/2-lower/merge-nests.ts";
import { chainNests } from "./passes/2-lower/chain-nests.ts";
import { lower } from "./passes/2-lower/lower.ts";
import { tensorPasses } from "./passes/3-tensor/index.ts";

export const pipeline = [
  cutHoles, // first, while every value that the file names is still there
  specialiseDims,
  inferShapes, // needs numbers for the symbolic extents
  inlineControlFlow, // after infer-shapes: conditions and trip counts that follow from shapes are known
  inferShapes, // shapes of what was written out
  lowPrecision, // before fold-constants, which would make floats of quantised weights
  foldConstants, // shape arithmetic is constant once shapes are known
  recognise, // before decompose: a LayerNorm written as ten operators becomes one, then is decomposed in our own best form
  widenSmallFloats, // before decompose, so that a softmax or an average is rounded to 16 bits once, at its end
  foldConvolutions, // before propagate-layouts and decompose, which give convolutions their last form
  propagateLayouts, // before decompose, which writes what has channels first as products
  transformConvolutions, // after propagate-layouts, which says which have channels last
  decompose,
  flattenMatmul, // after decompose, which makes the products
  simplify,
  foldConstants, // what decompose and simplify left constant
  eliminateCommon,
  eliminateDead,
  bf16Products, // before pack-weights, which would pack what it takes as f32
  packWeights, // before fuse, so that packing never ends up inside a run-time nest
  packConvolutions,
  fuse,
  group, // forms the groups when fuse is off
  chooseTiles,
  mergeNests, // after choose-tiles: what threads and tiles agree on is what decides
  chainNests, // after merge-nests: a product with its rows is one link of a chain
  lower,
  ...tensorPasses,
] as const satisfies readonly Pass[];

export type PassName = (typeof pipeline)[number]["name"];

/** Rows for everything that shows the pipeline: the import before it, the code after it. Index = stage. */
export const passInfos: readonly PassInfo[] = [
  { index: 0, name: "import", level: "import", why: "Reads the ONNX file and makes operators of its nodes.", optional: false },
  ...pipeline.map((p, i): PassInfo => ({ index: i + 1, name: p.name, level: p.level, why: p.why, optional: p.optional })),
  {
    index: pipeline.length + 1,
    name: "emit-cpp",
    level: "code",
    why: "Writes the Tensor IR as C++ with vector intrinsics and a line map.",
    optional: false,
  },
];
