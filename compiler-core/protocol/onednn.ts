/**
 * A model as a list of oneDNN primitives with post-ops: what the runner (native/runner/onednn.hpp) makes of it is timed as a baseline.
 * Numbers of algorithms are oneDNN's own (version 2). Constants are buffers with a file.
 */

/** A strided piece of a buffer; strides count elements. */
export interface OnednnView {
  readonly buffer: number;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
}

/** Done on the values of a result before they are stored: a function of one value, or of it and the operand's. */
export interface OnednnPostOp {
  readonly algorithm: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly operand?: OnednnView;
}

export type OnednnKind = "matmul" | "convolution" | "softmax" | "layer-norm" | "eltwise" | "binary" | "pool" | "reorder";

export interface OnednnStep {
  readonly kind: OnednnKind;
  /** Which operators of the model it does, for messages. */
  readonly what: string;
  readonly source: OnednnView;
  readonly destination: OnednnView;
  readonly source1?: OnednnView;
  /** Of a layer normalisation: its scale; `bias` is its shift. */
  readonly weights?: OnednnView;
  readonly bias?: OnednnView;
  /** Output scales: one, or one per element of the axes in the mask (bit i: axis i). The bias is added before them. */
  readonly scales?: readonly number[];
  readonly scaleMask?: number;
  /** Factors of the two operands of a binary step. */
  readonly operandScales?: readonly number[];
  readonly sourceZero?: number;
  readonly destinationZero?: number;
  readonly algorithm?: number;
  readonly axis?: number;
  /** Parameters of an eltwise algorithm; of a layer normalisation, alpha is epsilon. */
  readonly alpha?: number;
  readonly beta?: number;
  readonly strides?: readonly number[];
  /** 0: neighbours. */
  readonly dilates?: readonly number[];
  readonly low?: readonly number[];
  readonly high?: readonly number[];
  readonly kernel?: readonly number[];
  readonly post?: readonly OnednnPostOp[];
  /** Done first, if this step is taken. */
  readonly before?: readonly OnednnStep[];
  /** Taken instead where oneDNN has only its reference implementation of this step. */
  readonly otherwise?: readonly OnednnStep[];
}

export interface OnednnPlan {
  readonly buffers: readonly { readonly bytes: number; readonly file?: string }[];
  readonly inputs: readonly OnednnView[];
  readonly outputs: readonly OnednnView[];
  readonly steps: readonly OnednnStep[];
}

/** A primitive that was made: `implementation` is the library's name for it, `postOps` how many of the step's are part of it. */
export interface OnednnPrimitive {
  readonly kind: string;
  readonly what: string;
  readonly implementation: string;
  readonly postOps: number;
}
