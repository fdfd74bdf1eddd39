/** What surrounds a compiled model: everything the runner must know besides the shared object itself. */
import type { FileRange } from "../graph/constants.ts";
import type { CpuFeature, IsaName } from "../machine.ts";
import type { DeclaredInputs, HoleModel } from "../onnx/hole-model.ts";
import type { DType } from "../support/dtype.ts";

export interface PlannedTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Size of the dense row-major tensor. */
  readonly bytes: number;
  /** Set for values that the host keeps instead of a buffer: `shape` and `bytes` say nothing then. */
  readonly host?: number;
}

/** A part that the host runs on ONNX Runtime. Operands and results in the order of the call. */
export interface PlannedHole {
  readonly id: number;
  /** Nodes of the file, by path. */
  readonly nodes: readonly string[];
  readonly inputs: readonly PlannedTensor[];
  readonly outputs: readonly PlannedTensor[];
  /** Builds the model; its weights are read when it is written. `declared`: all that is known if not given. */
  readonly model: (declared?: DeclaredInputs) => HoleModel;
}

/** A weight, by slot: where its raw little-endian bytes come from. Neither field: the caller supplies them. */
export interface PlannedWeight extends PlannedTensor {
  readonly range?: FileRange;
  /** Reads the bytes when they are not in a file as they are. */
  readonly inline?: () => Uint8Array;
  /** The constant work of the first run reads it. */
  readonly packed?: true;
  /** Nothing else reads it. */
  readonly once?: true;
}

/** Smaller buffers lie on ordinary pages: native/runtime/buffer.h. */
export const hugePageBytes = 2 * 2 ** 20;

export interface ArtifactPlan {
  readonly name: string;
  readonly isa: IsaName;
  readonly features: readonly CpuFeature[];
  /** Team size the schedule was made for; any other works too. */
  readonly threads: number;
  readonly inputs: readonly PlannedTensor[];
  readonly outputs: readonly PlannedTensor[];
  readonly weights: readonly PlannedWeight[];
  readonly holes: readonly PlannedHole[];
  /** How many values the host keeps between holes. */
  readonly hostValues: number;
  readonly arenaBytes: number;
  readonly packedBytes: number;
  /** Per thread. */
  readonly scratchBytes: number;
  /** Memory that the host asks for in huge pages: fewer misses of the TLB. Whether it gets them is up to the system. */
  readonly hugePages: readonly ("arena" | "packed")[];
  /** Regions by id: the fusion groups, as timed and coloured. */
  readonly regions: readonly { readonly id: number; readonly name: string }[];
}
