/** The environment variables that are read, each with what it means. Nothing else looks at the environment. */

export const environmentTable = {
  FUSIONSCOPE_CACHE: "folder for builds, the runner and calibrations (default: $XDG_CACHE_HOME/fusionscope or ~/.cache/fusionscope)",
  FUSIONSCOPE_CACHE_MIB: "upper limit of the builds kept there, in MiB (default: 2048)",
  XDG_CACHE_HOME: "base folder of caches, as the XDG specification has it",
  CXX: "the C++ compiler, instead of the first of g++ and clang++ that works",
  FUSIONSCOPE_ORT: "path of libonnxruntime.so, instead of the one of the package onnxruntime-node",
  FUSIONSCOPE_ONEDNN: "name or path of oneDNN's library, instead of libdnnl.so.2",
} as const satisfies Record<string, string>;

export type VariableName = keyof typeof environmentTable;

/** The value of a variable; undefined when it is not set or empty. */
export function environment(name: VariableName): string | undefined {
  const value = process.env[name];
  return value === undefined || value === "" ? undefined : value;
}
