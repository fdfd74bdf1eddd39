/**
 * What a microkernel is to the compiler: a contract (operands, sizes, promises), the C++ that calls it, and its meaning for the
 * evaluator. One manifest per kernel; `index.ts` is the registry.
 */
import type { Elements } from "../graph/ndarray.ts";
import type { CpuFeature, IsaName } from "../machine.ts";
import type { DType } from "../support/dtype.ts";

/** An operand: a pointer into a buffer. */
export interface OperandContract {
  readonly dtype: DType;
  readonly access: "read" | "write";
  readonly optional?: true;
  /** Nothing is read: the address says what to bring near. Other threads may write there meanwhile. */
  readonly hint?: true;
  /** The sentence for people: what lies where. */
  readonly what: string;
  /**
   * A rectangle of `rows` x `cols` elements (names of args, or numbers) with row stride `ld` (name of an arg): what passes that
   * move or shrink buffers rely on. Absent: the operand may touch the whole buffer from its index on.
   */
  readonly rect?: { readonly rows: string | number; readonly cols: string | number; readonly ld?: string };
}

/** What is known about one use when a kernel is chosen. Sizes are elements; `bConstant`: B can be packed beforehand. */
export interface ShapeFacts {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly isa: IsaName;
  readonly bConstant: boolean;
}

/** The texts a call is made of, given by the code generator. */
export interface CallText {
  /** Pointer to an operand's first element; undefined for an absent optional operand. */
  readonly pointer: (name: string) => string | undefined;
  /** An argument as a C++ expression; sizes known at compile time become `fs::fixed<N>{}`. */
  readonly arg: (name: string) => string;
  readonly param: (name: string) => number | string | undefined;
  /** The epilogue as a lambda (one line breaks per statement), when the call has one. */
  readonly epilogue: string | undefined;
}

/** One call, for the evaluator. */
export interface CallValues {
  /** The operand's storage and the flat index of its first element. */
  readonly operand: (name: string) => { readonly data: Elements; readonly at: number } | undefined;
  readonly arg: (name: string) => number;
  readonly param: (name: string) => number | string | undefined;
  /** Lanes of the epilogue's accumulator. */
  readonly lanes: number;
  /** Hands `acc` of row `row`, columns `col ...` to the epilogue. */
  readonly epilogue: (row: number, col: number, acc: readonly number[]) => void;
  /** Rounds a result to the element type of the accumulator, or to `rounds` of a kernel without (or not, in mode f64). */
  readonly round: (x: number) => number;
}

export interface Kernel {
  readonly name: string;
  readonly why: string;
  readonly operands: Readonly<Record<string, OperandContract>>;
  /** Names of size arguments (i64). */
  readonly args: readonly string[];
  readonly optionalArgs: readonly string[];
  /** Which of the optional ones a call needs, given its parameters and the operands it has. */
  readonly needs?: (params: Readonly<Record<string, number | string>>, has: (operand: string) => boolean) => readonly string[];
  /** Compile-time parameters with the values they may take. */
  readonly params: Readonly<Record<string, string>>;
  /** Element type of the accumulator handed to the epilogue; absent: no epilogue. */
  readonly acc?: DType;
  /** Element type that a kernel without epilogue rounds its results to; absent: f32. */
  readonly rounds?: DType;
  /** Include paths below `native/`. */
  readonly headers: readonly string[];
  readonly features: (isa: IsaName) => readonly CpuFeature[];
  /** A C++ class: a nest with calls of the kernel keeps an object of it, so that what it sets up in the thread is set up once per nest. */
  readonly scope?: string;
  /** What callers may rely on, one sentence each. */
  readonly promises: readonly string[];
  /** True, or why the kernel does not fit. */
  readonly accepts: (facts: ShapeFacts) => true | string;
  /** Estimated fraction of the machine's peak, 0..1: the highest accepted one is chosen. */
  readonly score: (facts: ShapeFacts) => number;
  readonly cpp: (call: CallText) => string;
  readonly meaning: (call: CallValues) => void;
}

/** Reads element `i` of an operand as a number. */
export const element = (o: { readonly data: Elements; readonly at: number }, i: number): number => Number(o.data[o.at + i]);
