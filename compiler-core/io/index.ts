/** The door of the compiler's Node side: files, the machine, the toolchain, the native runner, sessions. */
export * from "./accuracy.ts";
export * from "./build-cache.ts";
export * from "./byte-source.ts";
export * from "./cache-folder.ts";
export * from "./cache-steps.ts";
export * from "./calibrate.ts";
export * from "./doctor.ts";
export * from "./environment.ts";
export * from "./extract-nodes.ts";
export * from "./json.ts";
export * from "./launch-cost.ts";
export * from "./machine-detect.ts";
export * from "./machine-profile.ts";
export * from "./model-file.ts";
export * from "./native-build.ts";
export * from "./nearest-name.ts";
export * from "./ort-library.ts";
export * from "./package-root.ts";
export * from "./peaks.ts";
export * from "./random-inputs.ts";
export * from "./reference-machines.ts";
export * from "./runner-client.ts";

export * from "./session/index.ts";
export * from "./statistics.ts";
export * from "./tensor-file.ts";
export { findToolchain, probeCompiler, type Toolchain } from "./toolchain.ts";
export * from "./toolchain.ts";
