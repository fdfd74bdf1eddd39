/** The shared library of oneDNN: what the system's loader finds, unless a variable names another one. */
import { environment } from "./environment.ts";

/** Debian's package libdnnl2 has it. */
export const onednnLibrary = (): string => environment("FUSIONSCOPE_ONEDNN") ?? "libdnnl.so.2";
