/** The registry of ONNX operators: how each becomes graph operators. What is not here becomes opaque. */
import type { Builder } from "./build-call.ts";
import { standardDomain } from "./domain.ts";
import { elementwiseBuilders } from "./elementwise.ts";
import { matrixBuilders } from "./matrix.ts";
import { movementBuilders } from "./movement.ts";
import { quantizeBuilders } from "./quantize.ts";
import { reduceBuilders } from "./reduce.ts";
import { shapeBuilders } from "./shapes.ts";

/** By operator type; types of other domains have the domain in front: `com.microsoft.FusedMatMul`. */
export const onnxBuilders: Readonly<Record<string, Builder>> = {
  ...elementwiseBuilders,
  ...matrixBuilders,
  ...movementBuilders,
  ...quantizeBuilders,
  ...reduceBuilders,
  ...shapeBuilders,
};

export function builderFor(domain: string, opType: string): Builder | undefined {
  const key = standardDomain(domain) ? opType : `${domain}.${opType}`;
  return Object.hasOwn(onnxBuilders, key) ? onnxBuilders[key] : undefined;
}
