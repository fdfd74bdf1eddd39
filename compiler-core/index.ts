/** The door of the compiler: what the command, the extension and the tests may use. Pure: no Node, no DOM. */
export * from "./messages.ts";
export * from "./machine.ts";
export * from "./options.ts";
export * from "./graph/ir.ts";
export { hasTrait, isOpName, opNames, opOf, type OpName } from "./graph/ops/index.ts";
export type { Op, Trait } from "./graph/ops/op.ts";
export type { NdArray } from "./graph/ndarray.ts";
export type { Compilation, CompileHooks, Snapshot } from "./compile.ts";
export type { ArtifactPlan, CppSource } from "./codegen/index.ts";
export type { Module } from "./tensor/index.ts";
