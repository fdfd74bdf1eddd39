/** The typed messages between the compiler, the editor's host, the inspector page and the native runner. Types and constants only. */
export * from "./trace.ts";
export * from "./fusion.ts";
export * from "./memory.ts";
export * from "./tune.ts";
export * from "./bench.ts";
export * from "./hot-spots.ts";
export * from "./instruction-notes.ts";
export * from "./ort-profile.ts";
export * from "./panel.ts";
export * from "./onednn.ts";
export * from "./runner.ts";
export { requestSeconds, secondsBeyond } from "./limits.ts";
export * as shape from "./shape.ts";
export { benchRunOf, isBenchResult, isBenchRun } from "./bench-shape.ts";
export { isOthersEdge, ownEdges, type EndsOfSelection } from "./own-edges.ts";
export { nativeCalls, nativeNameAt } from "./native-names.ts";
export { benchCommand, compileCommand } from "./command-line.ts";
export * from "./probe.ts";
