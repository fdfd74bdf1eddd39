/** Operator sets of a model by domain; ai.onnx is the empty domain. */
import type { OnnxModel } from "./model.ts";

/** The version that nodes outside of functions follow. */
export const opsetsOf = ({ opsetImports }: Pick<OnnxModel, "opsetImports">): Readonly<Record<string, number>> =>
  Object.fromEntries(opsetImports.map(({ domain, version }) => [domain === "ai.onnx" ? "" : domain, version]));
