/** What instructions of compiled code do and cost: notes for readers of assembly. */

/** By a scheduling model of a processor, for the instruction alone: an estimate, never a measurement. */
export interface InstructionPrice {
  /** Cycles from its operands to its result; with a memory operand the load is in it. */
  readonly latency: number;
  /** Cycles per instruction when many that do not depend on each other follow (reciprocal throughput). */
  readonly throughput: number;
  /** Micro-operations. */
  readonly operations: number;
  /** Units that it may keep busy, and for how many cycles on average, in the order of the model. */
  readonly ports: readonly { readonly name: string; readonly cycles: number }[];
}

/** Of all instructions of one form: same operation, same kinds of operands. */
export interface InstructionNote {
  /** The form, with registers counted from 0 and addresses left out. */
  readonly form: string;
  /** What it does, in one phrase; absent: it has no words here. */
  readonly does?: string;
  readonly price?: InstructionPrice;
}

export interface InstructionNotes {
  /** Of each line of assembly: index into `rows`; -1: no instruction. */
  readonly row: Int32Array;
  readonly rows: readonly InstructionNote[];
  /** Whose prices these are, in the words of `StaticEstimate`; or why there are none. */
  readonly prices:
    | { readonly valid: true; readonly tool: string; readonly model: string; readonly modelIs: string }
    | { readonly valid: false; readonly why: string };
}
