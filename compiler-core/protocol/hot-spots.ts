/** Where the time of compiled code goes line by line: sampled while it ran, and what a model of the processor says about its loops. */

/** One line of the generated C++ and what was seen on it. */
export interface HotLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  readonly samples: number;
  /** Of all samples inside of the model. */
  readonly share: number;
  /** Fusion group that the line belongs to; absent: none (set-up, barriers). */
  readonly group?: number;
  /** Paths of the ONNX nodes that the line computes. */
  readonly nodes: readonly string[];
}

export interface HotInstruction {
  /** Address in the shared object. */
  readonly address: number;
  readonly text: string;
  /** Function that it lies in. */
  readonly symbol: string;
  /** Of the generated C++; null: none. */
  readonly line: number | null;
  /** False: the line is the call of the kernel that the instruction belongs to. */
  readonly exact: boolean;
  readonly samples: number;
  readonly share: number;
}

/** Samples of one thread or of the team; counts are small numbers, so shares of single instructions are a hint. */
export interface HotSpots {
  readonly samples: number;
  /** Samples outside of the model: waiting in the kernel, libraries. */
  readonly outside: number;
  /** Samples inside of the model at no line of the generated C++. */
  readonly unmapped: number;
  readonly runs: number;
  readonly seconds: number;
  /** Per thread. */
  readonly hz: number;
  /** What triggered the samples: the cpu-clock event of the kernel, or a timer signal. */
  readonly clock: string;
  /** How far a sample lies behind what took the time, and what was done about it. */
  readonly skid: string;
  /** Most samples first; only lines with samples. */
  readonly lines: readonly HotLine[];
  /** Most samples first, at most 64. */
  readonly instructions: readonly HotInstruction[];
}

/** One loop of the machine code, priced by a model of a processor: an estimate, never a measurement. */
export interface LoopEstimate {
  /** Fusion group; absent: not known. */
  readonly group?: number;
  readonly symbol: string;
  /** Line of the generated C++ (of the call, when the loop is a kernel's); null: none. */
  readonly line: number | null;
  /** Addresses of its first and last instruction. */
  readonly from: number;
  readonly to: number;
  readonly instructions: number;
  /** Cycles of one iteration in the long run when nothing misses a cache; absent: `refused` says why. */
  readonly cycles?: number;
  /** 32-bit floating-point operations of one iteration, and per cycle, where it has any. */
  readonly flops?: number;
  readonly flopsPerCycle?: number;
  /** What limits it, in words: a port, the chain of dependences, the front end. */
  readonly bottleneck?: string;
  /** Micro-operations per iteration on each port (or unit) that has any, most first. */
  readonly ports?: readonly { readonly name: string; readonly pressure: number }[];
  /** Share of the samples, when the code was sampled, too. */
  readonly share?: number;
  /** Why the tool has no price for it. */
  readonly refused?: string;
}

export type StaticEstimate =
  | {
      readonly valid: true;
      /** The program and its version. */
      readonly tool: string;
      /** The processor whose model was used, by the tool's name, and whether that is this machine's. */
      readonly model: string;
      readonly modelIs: string;
      readonly loops: readonly LoopEstimate[];
    }
  | { readonly valid: false; readonly why: string };
