/** The registry of ONNX operators: how each becomes graph operators. What is not here becomes opaque. */
import { attentionBuilders } from "./attention.ts";
import { blockWeightBuilders } from "./block-weights.ts";
import type { Builder } from "./build-call.ts";
import { convBuilders } from "./conv.ts";
import { deformConvBuilders } from "./deform-conv.ts";
import { standardDomain } from "./domain.ts";
import { elementwiseBuilders } from "./elementwise.ts";
import { groupAttentionBuilders } from "./group-attention.ts";
import { indexingBuilders } from "./indexing.ts";
import { linearAttentionBuilders } from "./linear-attention.ts";
import { lossBuilders } from "./losses.ts";
import { imageNormalizationBuilders } from "./image-normalization.ts";
import { matrixBuilders } from "./matrix.ts";
import { mlFeatureBuilders } from "./ml-features.ts";
import { mlLinearBuilders } from "./ml-linear.ts";
import { mlTreeBuilders } from "./ml-trees.ts";
import { movementBuilders } from "./movement.ts";
import { poolBuilders } from "./pool.ts";
import { qlinearBuilders } from "./qlinear.ts";
import { qonnxBuilders } from "./qonnx.ts";
import { quantizeBuilders } from "./quantize.ts";
import { reduceBuilders } from "./reduce.ts";
import { rnnBuilders } from "./rnn.ts";
import { resizeBuilders } from "./resize.ts";
import { signalBuilders } from "./signal.ts";
import { sequenceBuilders } from "./sequence.ts";
import { shapeBuilders } from "./shapes.ts";

/** By operator type; types of other domains have the domain in front: `com.microsoft.FusedMatMul`. */
export const onnxBuilders: Readonly<Record<string, Builder>> = {
  ...attentionBuilders,
  ...blockWeightBuilders,
  ...convBuilders,
  ...deformConvBuilders,
  ...elementwiseBuilders,
  ...groupAttentionBuilders,
  ...indexingBuilders,
  ...linearAttentionBuilders,
  ...lossBuilders,
  ...imageNormalizationBuilders,
  ...matrixBuilders,
  ...mlFeatureBuilders,
  ...mlLinearBuilders,
  ...mlTreeBuilders,
  ...movementBuilders,
  ...poolBuilders,
  ...qlinearBuilders,
  ...qonnxBuilders,
  ...quantizeBuilders,
  ...reduceBuilders,
  ...rnnBuilders,
  ...resizeBuilders,
  ...signalBuilders,
  ...sequenceBuilders,
  ...shapeBuilders,
};

export function builderFor(domain: string, opType: string): Builder | undefined {
  const key = standardDomain(domain) ? opType : `${domain}.${opType}`;
  return Object.hasOwn(onnxBuilders, key) ? onnxBuilders[key] : undefined;
}
