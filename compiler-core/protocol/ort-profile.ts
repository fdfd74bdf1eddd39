/** A profile that ONNX Runtime wrote (`enable_profiling`), as its times fall on the nodes of the model. */

/** One kernel that ONNX Runtime ran. Times are microseconds per run of the model: the median of the runs. */
export interface OrtKernel {
  readonly name: string;
  readonly op: string;
  /** Such as `CPUExecutionProvider`. */
  readonly provider: string;
  readonly us: number;
  /** How often it ran in a run; more than once in loops. */
  readonly calls: number;
  /** Index of its ONNX node in `CompilationSummary.sources`; absent: none is known. */
  readonly source?: number;
  /** How that was found: by the node's name and operator, by its position in the file, or by a node whose name its own contains (a kernel that others were fused into). */
  readonly found: "name" | "position" | "part" | "none";
}

export interface OrtProfile {
  /** Name of its file. */
  readonly file: string;
  /** Runs of the model that count; of several, the first is left out, because it warms up. */
  readonly runs: number;
  /** Microseconds per run: of the whole run (median), and of all kernels together. */
  readonly runUs: number;
  readonly kernelsUs: number;
  /** Longest first. */
  readonly kernels: readonly OrtKernel[];
}
