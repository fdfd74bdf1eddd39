/** Sessions: opening, compiling, building, running, checking and timing a model. What the command and the editor share. */
export * from "./ablate.ts";
export * from "./bench.ts";
export * from "./build.ts";
export * from "./check.ts";
export * from "./compile.ts";
export * from "./cut.ts";
export * from "./each-pass.ts";
export * from "./emit.ts";
export * from "./explain.ts";
export * from "./export-model.ts";
export * from "./model.ts";
export * from "./native-host.ts";
export * from "./options.ts";
export * from "./scratch.ts";
export * from "./stored-run.ts";
