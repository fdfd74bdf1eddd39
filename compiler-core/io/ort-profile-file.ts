/** Profiles of ONNX Runtime as files. */
import fs from "node:fs";
import path from "node:path";
import { userError } from "../messages.ts";
import type { OrtProfile } from "../protocol/ort-profile.ts";
import type { SourceNodeInfo } from "../protocol/trace.ts";
import { ortProfile } from "../trace/ort-profile.ts";

/** Bytes of a file: JSON.parse takes several times as much. */
const mostBytes = 256 * 2 ** 20;

/**
 * Reads what `enable_profiling` of ONNX Runtime has written. A file that was cut off (a program that ended without `EndProfiling`) is none.
 * @param sources ONNX nodes of the model @throws profile-file
 */
export function readOrtProfile(file: string, sources: readonly SourceNodeInfo[]): OrtProfile {
  const refuse = (what: string, cause?: unknown): never => userError("profile-file", {}, { path: file, what }, cause);
  let data: unknown;
  try {
    if (fs.statSync(file).size > mostBytes) return refuse("it is too large");
    data = JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (e) {
    return refuse(e instanceof SyntaxError ? "it is not JSON, or was cut off" : e instanceof Error ? e.message : String(e), e);
  }
  return ortProfile(data, sources, path.basename(file)) ?? refuse("it has no times of kernels");
}
