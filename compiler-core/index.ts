/** The door of the compiler: what the command, the extension and the tests may use. Pure: no Node, no DOM. */
export * from "./messages.ts";
export * from "./machine.ts";
export * from "./options.ts";
export * from "./graph/ir.ts";
export { hasTrait, isOpName, opNames, opOf, type OpName } from "./graph/ops/index.ts";
export type { Op, Trait } from "./graph/ops/op.ts";
export { constantArray, type NdArray } from "./graph/ndarray.ts";
export { printGraph } from "./graph/print.ts";
export { compile, isModule, type Compilation, type CompileHooks, type Snapshot } from "./compile.ts";
export { passInfos, pipeline } from "./pipeline.ts";
export type { ArtifactPlan, CppSource } from "./codegen/index.ts";
export { printModuleWithLines, type Module } from "./tensor/index.ts";
export { compilationSummary } from "./trace/summary.ts";
export { graphDelta } from "./trace/graph-delta.ts";
export { StringTable } from "./trace/strings.ts";
export { onnxBuilders } from "./onnx/ops/index.ts";
