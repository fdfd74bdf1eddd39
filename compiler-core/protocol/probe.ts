/** What looking at tensors in the middle of a run says: values of one run on given data, beside ONNX Runtime, and beside the float model. */
import type { TensorStats } from "./panel.ts";

/** Data for the inputs of a model: a folder in the layout of ONNX tests, files by input, random numbers for the others. */
export interface ProbeData {
  readonly folder?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** Which operator of the last graph makes a tensor, in which nest, from which nodes of the file, and which pass put it there. */
export interface TensorMaker {
  readonly node: number;
  readonly op: string;
  /** Paths of nodes of the file. */
  readonly sources: readonly string[];
  readonly pass: string;
  readonly rule?: string;
  readonly group?: number;
  readonly groupName?: string;
}

/** How a tensor compares; errors are absolute. The members mean what they mean in the result of `check`. */
export interface TensorComparison {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly maxAbs: number;
  readonly maxRel: number;
  readonly error: number;
  readonly referenceError: number;
  readonly limit: number;
  readonly magnitude: number;
  readonly method: "f64" | "direct" | "none";
  readonly ok: boolean;
  readonly why?: string;
  readonly because?: string;
}

export interface ProbedTensor {
  readonly name: string;
  /** `f32 2x3`. */
  readonly type: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /**
   * `in place`: the compiled code has it in memory, and it was read there. `written out`: the code keeps it in registers or scratch, so the model was
   * compiled once more with it as an output: its nest is another one. `input` and `constant` are what they are.
   */
  readonly how: "in place" | "written out" | "input" | "constant";
  readonly maker?: TensorMaker;
  /** Of tensors of numbers. */
  readonly figures?: TensorStats;
  readonly first?: readonly number[];
  /** Beside ONNX Runtime on the same inputs. */
  readonly against?: TensorComparison;
  /** Why there is nothing beside it. */
  readonly notCompared?: string;
}

export interface Divergence {
  readonly against: "ort" | "eval";
  readonly version?: string;
  readonly note?: string;
  /** In the order of the graph. */
  readonly tensors: readonly (TensorComparison & { readonly maker?: TensorMaker })[];
  /** Tensors of the file that the compiled code never has in memory as they are. */
  readonly unseen: number;
  readonly first: (TensorComparison & { readonly maker?: TensorMaker }) | null;
  /** The nodes of the file that the nest of the first wrong tensor computes: the fault is in one of them, or in what was said of them. */
  readonly suspects: readonly string[];
  readonly ok: boolean;
}

/** The error of one tensor of a low-precision model. */
export interface TensorError {
  readonly name: string;
  /** As the compiled code has it in memory. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Signal to quantisation noise in decibels; infinite where nothing differs. */
  readonly sqnrDb: number;
  readonly maxAbs: number;
  /** Greatest difference over the greatest magnitude of the float values. */
  readonly maxRel: number;
  readonly meanAbs: number;
  readonly magnitude: number;
  readonly maker?: TensorMaker;
}

export interface ErrorReport {
  /** Of what: bf16 products, or quantised tensors. */
  readonly precision: "bf16" | "quantised";
  /** The float values: `f64` evaluation of the float model, or our own code for it in f32. */
  readonly reference: "f64" | "f32";
  /** Why it is not the evaluation. */
  readonly because?: string;
  /** Worst first: by SQNR. */
  readonly tensors: readonly TensorError[];
  /** The outputs of the model, in its order. */
  readonly outputs: readonly TensorError[];
}
