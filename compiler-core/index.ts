/**
 * The door of the compiler: what the command, the extension, the tests and other programs may use. Pure: no Node, no DOM. From bytes to C++:
 *
 *   const store = memoryStore(bytes);
 *   const graph = importModel(readModel(store.source, name), store);
 *   const { passes, snapshots, verdicts, source, error } = compile(graph, { ...defaultOptions, dims: { batch: 8 } }, machine, { now });
 *
 * `library.test.ts` is this example as a program. Files, builds and runs are behind the other door, `io/index.ts`.
 */
export * from "./messages.ts";
export * from "./machine.ts";
export * from "./counters/derive.ts";
export * from "./counters/events.ts";
export * from "./roofline.ts";
export * from "./options.ts";
export * from "./graph/ir.ts";
export { hasTrait, isOpName, opNames, opOf, type OpName } from "./graph/ops/index.ts";
export type { Op, Trait } from "./graph/ops/op.ts";
export type { Constant } from "./graph/constants.ts";
export { dtypeBits, isSmallFloat, type DType } from "./support/dtype.ts";
export { getElement } from "./support/elements.ts";
export { decodeTable } from "./support/small-floats.ts";
export { constantArray } from "./graph/constant-array.ts";
export type { NdArray } from "./graph/ndarray.ts";
export { dimExtents } from "./graph/dim-extents.ts";
export { printGraph } from "./graph/print.ts";
export { compile, isModule, type Compilation, type CompileHooks, type Snapshot } from "./compile.ts";
export { passInfos, pipeline } from "./pipeline.ts";
export type { ArtifactPlan, CppSource } from "./codegen/index.ts";
export { printModuleWithLines, type Module } from "./tensor/index.ts";
export { compilationSummary } from "./trace/summary.ts";
export { graphDelta } from "./trace/graph-delta.ts";
export { bodyAt, bodyDelta, typeText } from "./trace/body-delta.ts";
export { entryOf as templateEntry, templateSpace } from "./passes/2-lower/template-space.ts";
export { mergeTuned, type TunedEntry } from "./tuned.ts";
export { loopSteps } from "./trace/loop-steps.ts";
export { opDocs } from "./graph/ops/docs.ts";
export { ruleDocs } from "./trace/rule-docs.ts";
export { opsetsOf } from "./onnx/opsets.ts";
export { nativeFunction, nativeHeader } from "./codegen/native-source.ts";
export { asmReply, cppReply, snapshotReply } from "./trace/stage-text.ts";
export { StringTable } from "./trace/strings.ts";
export { importModel } from "./onnx/import.ts";
export type { OnnxModel } from "./onnx/model.ts";
export { readModel } from "./onnx/reader.ts";
export { memoryStore } from "./onnx/tensor-data.ts";
export { onnxBuilders } from "./onnx/ops/index.ts";
