/** What the native runner loads: compiled models with their holes, sessions of ONNX Runtime, plans of oneDNN; and the tensors that they run on. */
import type { OnednnPlan, OnednnPrimitive } from "./onednn.ts";

/** Number of a loaded compiled model or ONNX Runtime session. */
export type TargetId = number;

/**
 * A raw little-endian tensor file. Name, type and shape are needed by ONNX Runtime only. Strings follow each other: for each a length (32 bits), then
 * its bytes in UTF-8.
 */
export interface TensorFileRef {
  readonly file: string;
  readonly name?: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  /** Of a sequence: its tensors; `file` is empty then. */
  readonly items?: readonly TensorFileRef[];
}

/** A weight of a compiled model: a range of a file, mapped read-only (copied when it is not 64-byte aligned). */
export interface WeightRange {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  /** Only the constant work reads it. */
  readonly once?: boolean;
}

/** An operand or result of a hole, in the order of the call. */
export interface HoleOperandSpec {
  /** In the hole's model. */
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Slot of a value that the runner keeps; absent: memory of the module, as large as type and shape say. */
  readonly host?: number;
}

/** A part of a compiled model that runs on ONNX Runtime. */
export interface HoleSpec {
  /** File of its model. */
  readonly model: string;
  /** For messages: which nodes it holds. */
  readonly what: string;
  readonly inputs: readonly HoleOperandSpec[];
  readonly outputs: readonly HoleOperandSpec[];
}

export interface LoadParams {
  /** Absolute path of a shared object with the symbols of abi.h. */
  readonly so: string;
  readonly weights?: readonly WeightRange[];
  /** Size of its team; 0 or absent: what it was scheduled for. */
  readonly threads?: number;
  /** Comes before the names of the three symbols: one shared object may hold many models. */
  readonly prefix?: string;
  /** Its holes, in the order of their numbers; with the library that runs them, and how many values the runner keeps between them. */
  readonly holes?: readonly HoleSpec[];
  readonly ortLibrary?: string;
  readonly hostValues?: number;
  /** Packed constants from this file, unless it is damaged; `keep`: made anew, and written there. */
  readonly packed?: { readonly file: string; readonly keep?: boolean };
  /** Per input and output of the model: the slot of a value that the runner keeps, or -1. Absent: all are buffers of the module. */
  readonly inputPorts?: readonly number[];
  readonly outputPorts?: readonly number[];
}
export interface LoadResult {
  readonly target: TargetId;
  readonly name: string;
  readonly threads: number;
  readonly scheduledThreads: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: number;
  readonly regions: number;
  readonly holes: number;
  readonly arenaBytes: number;
  readonly packedBytes: number;
  /** Per thread. */
  readonly scratchBytes: number;
  /** The packed constants were read from the file that was given. */
  readonly packedFromFile: boolean;
  /** Bytes of weights that were given back after the constant work, because nothing else reads them. */
  readonly releasedBytes: number;
  /** Bytes of the arena and the packed constants that huge pages were asked for (buffers of 2 MiB and more), and that lie on such. */
  readonly hugePages: { readonly askedBytes: number; readonly gotBytes: number };
}

export interface LoadOrtParams {
  readonly library: string;
  readonly model: string;
  readonly threads?: number;
  /** 0 none, 1 basic, 2 extended, 99 all (default). */
  readonly optimisation?: 0 | 1 | 2 | 99;
  /** May its threads spin while they wait for work? Its default, and ours. Others run only after they have stopped. */
  readonly spinning?: boolean;
}
export interface LoadOrtResult {
  readonly target: TargetId;
  readonly version: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface LoadOnednnParams {
  /** Name or path of oneDNN's library, such as `libdnnl.so.2`. */
  readonly library: string;
  readonly plan: OnednnPlan;
  readonly threads?: number;
}
export interface LoadOnednnResult {
  readonly target: TargetId;
  readonly version: string;
  /** What became of the steps, in order; reorders of results are listed, those of constants are done once and are not. */
  readonly primitives: readonly OnednnPrimitive[];
}

export interface RunParams {
  readonly target: TargetId;
  readonly inputs: readonly TensorFileRef[];
  /** Where to write the outputs, in order; an empty `file`: not written. */
  readonly outputs?: readonly { readonly file: string }[];
}
export interface RunResult {
  readonly ns: number;
  readonly outputs: readonly RunOutput[];
}
/** Name, type and shape: of ONNX Runtime, and of values that the runner keeps. */
export interface RunOutput {
  readonly bytes: number;
  readonly name?: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  /** Absent: a tensor. Item i of a sequence (keys and values of a map) is written to the file's name with `.i` behind it. */
  readonly kind?: "sequence" | "map";
  readonly items?: readonly RunOutput[];
}
