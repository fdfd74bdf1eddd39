/** The graph passes by name, and the order in which the compiler runs them. */
import type { GraphPass } from "../../compiler-core/passes/pass.ts";
import { decompose } from "../../compiler-core/passes/1-graph/decompose.ts";
import { eliminateCommon } from "../../compiler-core/passes/1-graph/eliminate-common.ts";
import { eliminateDead } from "../../compiler-core/passes/1-graph/eliminate-dead.ts";
import { flattenMatmul } from "../../compiler-core/passes/1-graph/flatten-matmul.ts";
import { foldConvolutions } from "../../compiler-core/passes/1-graph/fold-convolutions.ts";
import { propagateLayouts } from "../../compiler-core/passes/1-graph/propagate-layouts.ts";
import { transformConvolutions } from "../../compiler-core/passes/1-graph/transform-convolutions.ts";
import { foldConstants } from "../../compiler-core/passes/1-graph/fold-constants.ts";
import { inferShapes } from "../../compiler-core/passes/1-graph/infer-shapes.ts";
import { inlineControlFlow } from "../../compiler-core/passes/1-graph/inline-control-flow.ts";
import { lowPrecision } from "../../compiler-core/passes/1-graph/low-precision.ts";
import { recognise } from "../../compiler-core/passes/1-graph/recognise.ts";
import { simplify } from "../../compiler-core/passes/1-graph/simplify.ts";
import { specialiseDims } from "../../compiler-core/passes/1-graph/specialise-dims.ts";
import { widenSmallFloats } from "../../compiler-core/passes/1-graph/widen-small-floats.ts";

export const graphPipeline: readonly GraphPass[] = [
  specialiseDims,
  inferShapes,
  inlineControlFlow,
  inferShapes,
  lowPrecision,
  foldConstants,
  recognise,
  widenSmallFloats,
  foldConvolutions,
  propagateLayouts,
  transformConvolutions,
  decompose,
  simplify,
  foldConstants,
  flattenMatmul,
  eliminateCommon,
  eliminateDead,
];

export const graphPasses: ReadonlyMap<string, GraphPass> = new Map(graphPipeline.map((p) => [p.name, p]));
