/**
 * What a compilation is asked once it is there: values, loops, bodies, headers. Each answer is the worker's; what needs native code is refused where
 * none may run.
 */
import type {
  CompilationSummary,
  GraphDelta,
  LoopStep,
  OrtProfile,
  PanelRequests,
  ProbedTensor,
  TemplateSpace,
  TensorArg,
  TensorPage,
  TensorStats,
} from "#protocol";
import type { CompilerClient } from "../worker/client.ts";
import type { Progress, WorkerRequests } from "../worker/messages.ts";

export abstract class CompilationQuestions {
  /** Waits for the newest compilation; throws its error, if it has one. */
  abstract ready(what: string): Promise<CompilationSummary>;
  protected abstract readonly ask: CompilerClient["request"];
  /** Throws the reason why native code may not run here. */
  protected abstract requireNative(what: string): void;
  /** Says in the status bar what is going on. */
  protected abstract whileBusy<T>(what: string, work: Promise<T>): Promise<T>;

  async tensor(arg: TensorArg, signal?: AbortSignal): Promise<TensorPage> {
    await this.ready("a tensor");
    return this.ask("tensor", arg, { signal });
  }

  async tensorStats(arg: { value: number; stage: number }, signal: AbortSignal, onEvent: (p: Progress) => void): Promise<TensorStats> {
    await this.ready("a tensor");
    return this.ask("tensorStats", arg, { signal, onEvent });
  }

  /** Runs the model on data and keeps the value: `tensor` and its kin give it from then on. */
  async probe(arg: WorkerRequests["probe"]["arg"], signal: AbortSignal, onEvent: (p: Progress) => void): Promise<ProbedTensor> {
    this.requireNative("running the model");
    await this.ready("a run of the model");
    return this.ask("probe", arg, { signal, onEvent });
  }

  /** Runs the model on data and compares its tensors. */
  async compareValues(
    arg: WorkerRequests["compareValues"]["arg"],
    signal: AbortSignal,
    onEvent: (p: Progress) => void,
  ): Promise<WorkerRequests["compareValues"]["reply"]> {
    this.requireNative("running the model");
    await this.ready("a run of the model");
    return this.whileBusy("values", this.ask("compareValues", arg, { signal, onEvent }));
  }

  /** Writes a constant to a file of NumPy. */
  async writeTensor(
    arg: { value: number; stage: number; path: string },
    signal: AbortSignal,
    onEvent: (p: Progress) => void,
  ): Promise<WorkerRequests["writeTensor"]["reply"]> {
    await this.ready("a tensor");
    return this.ask("writeTensor", arg, { signal, onEvent });
  }

  /** The loops that nodes of the last graph became, stage by stage. */
  async loops(nodes: readonly number[], signal?: AbortSignal): Promise<readonly LoopStep[]> {
    await this.ready("the loops of a node");
    return this.ask("loops", { nodes }, { signal });
  }

  /** A graph inside of the model: the body of a node or of a function. */
  async body(path: string, signal?: AbortSignal): Promise<GraphDelta> {
    await this.ready("a graph inside of the model");
    return this.ask("body", { path }, { signal });
  }

  /** A function or a header of the native library. */
  nativeSource(arg: PanelRequests["nativeSource"]["arg"], signal?: AbortSignal): Promise<PanelRequests["nativeSource"]["reply"]> {
    return this.ask("nativeSource", arg, { signal });
  }

  /** Reads a profile of ONNX Runtime of this model. */
  async ortProfile(path: string, signal?: AbortSignal): Promise<OrtProfile> {
    await this.ready("a profile");
    return this.ask("ortProfile", { path }, { signal });
  }

  /** What a group's template can be built with. */
  async templateSpace(group: number, signal?: AbortSignal): Promise<TemplateSpace> {
    await this.ready("a template");
    return this.ask("templateSpace", { group }, { signal });
  }

  /** Tells this model from others: stored benchmarks have it. */
  async structureHash(signal?: AbortSignal): Promise<string> {
    await this.ready("a benchmark");
    return this.ask("modelHash", null, { signal });
  }
}
