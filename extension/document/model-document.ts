/**
 * An open model: its compiler worker, options, and the record of the newest compilation. Shared by all editors, trees and
 * virtual documents of the model; alive while at least one of them holds it (see registry.ts).
 */
import { availableParallelism } from "node:os";
import * as vscode from "vscode";
import type {
  BenchResult,
  CompilationSummary,
  ErrorInfo,
  GraphDelta,
  HotSpots,
  InstructionNotes,
  Hello,
  PanelOptions,
  PanelRequests,
  TextKind,
  TextReply,
} from "#protocol";
import { cancelled, coded, isCancelled, toErrorInfo } from "../coded-error.ts";
import type { ChosenData } from "../features/probe.ts";
import { CompilerClient, type ClientLog } from "../worker/client.ts";
import type { Threads } from "../worker/threads.ts";
import type { BenchReply, CompileReply, MachineInfo, ModelInfo, Progress } from "../worker/messages.ts";
import { CompilationQuestions } from "./compilation-questions.ts";
import { localCopy, type LocalCopy } from "./local-copy.ts";
import { StageNames } from "./stage-names.ts";
import { Trail } from "./trail.ts";

/** The first picture is waited for so long. Where there are cores enough, nothing waits. */
const pictureMs = availableParallelism() > 4 ? 0 : 600;

/** What changed. `opened`: model or machine facts; the others are about the newest compilation. */
export type DocumentChange = "opened" | "generation" | "stage" | "summary" | "failed" | "busy" | "bench";

export interface DocumentHost {
  readonly threads: Threads;
  readonly scratch: vscode.Uri;
  readonly log: ClientLog;
}

export class ModelDocument extends CompilationQuestions implements vscode.CustomDocument {
  machine: MachineInfo | undefined;
  model: ModelInfo | undefined;
  generation = 0;
  stages: GraphDelta[] = [];
  summary: CompilationSummary | undefined;
  failed: ErrorInfo | undefined;
  dims: Hello["dims"] = [];
  lastBench: BenchResult | undefined;
  /** Where the last benchmark of the whole model spent its time, when it was sampled. */
  hotSpots: HotSpots | undefined;
  /** What the model is run on to look at values in the middle of it; asked for when it is first needed. */
  probeData: ChosenData | undefined;
  /** Of the assembly that was last made of this compilation. */
  instructionNotes: InstructionNotes | undefined;
  /** What is being done for this model now, for the status bar; undefined: nothing. */
  busy: string | undefined;
  private names = new StageNames();
  private readonly changed = new vscode.EventEmitter<DocumentChange>();
  readonly onDidChange = this.changed.event;
  private client: CompilerClient;
  private copy: Promise<LocalCopy> | undefined;
  private opened: Promise<void> | undefined;
  /** Settled once the worker was asked for the model: what it is asked after that, it answers after that. */
  private asked: Promise<void> = Promise.resolve();
  /** See `awaitPicture`. */
  private hold = 0;
  /** How it came to its first picture. */
  readonly trail = new Trail();
  protected readonly ask: CompilerClient["request"] = (...asked) => this.client.request(...asked);
  private compiling: Promise<void> = Promise.resolve();
  private disposed = false;

  constructor(
    readonly uri: vscode.Uri,
    public options: PanelOptions,
    private readonly host: DocumentHost,
  ) {
    super();
    this.client = this.newClient();
  }

  get name(): string {
    return this.uri.path.split("/").at(-1) ?? "";
  }

  /** The options with `auto` and absent dimensions filled in by the newest compilation. */
  get isa(): string {
    return this.summary?.isa ?? this.options.isa;
  }

  /** Reads the structure of the model, once. Errors are also kept in `failed`. */
  open(): Promise<void> {
    return (this.opened ??= this.readModel());
  }

  /** An editor is about to show it: for a moment the passes of the first compilation leave the machine to it. Call before `compile`. */
  awaitPicture(): void {
    this.hold = pictureMs;
  }

  /** An editor shows its graph. @param marks when what led to it happened in the page */
  onPainted(marks: Readonly<Record<string, number>>): void {
    this.client.setPainted();
    if (this.trail.isOver) return;
    this.host.log.info(`${this.name}: first picture ${this.trail.end(marks)}`);
  }

  /** Compiles with `options`; a running compilation is called off. Resolves when it is done, failed or called off. */
  compile(options: PanelOptions = this.options): Promise<void> {
    this.options = options;
    this.generation += 1;
    this.client.setGeneration(this.generation);
    this.stages = [];
    this.names = new StageNames();
    this.summary = undefined;
    this.failed = undefined;
    this.lastBench = this.hotSpots = undefined;
    this.instructionNotes = undefined;
    this.changed.fire("generation");
    this.compiling = this.runCompilation(this.generation);
    return this.compiling;
  }

  async ready(what: string): Promise<CompilationSummary> {
    for (let seen = -1; seen !== this.generation;) {
      seen = this.generation;
      await this.compiling;
    }
    if (this.summary !== undefined) return this.summary;
    throw coded("no-compilation", { what });
  }

  async text(kind: TextKind, stage: number, signal?: AbortSignal, onEvent?: (p: Progress) => void): Promise<TextReply> {
    if (kind === "asm") this.requireNative("building native code");
    await this.ready("this text");
    const { generation } = this;
    const reply = await this.client.request("text", { kind, stage }, { signal, onEvent });
    if (generation === this.generation && reply.notes !== undefined) this.instructionNotes = reply.notes;
    return reply;
  }

  /** Names of the model's inputs, in its order. */
  inputNames(): readonly string[] {
    const { values } = this.graphAt(0);
    return [...(this.stages[0]?.inputs ?? [])].map((id) => values.get(id)?.name ?? "");
  }

  async bench(arg: PanelRequests["bench"]["arg"], signal: AbortSignal, onEvent: (p: Progress) => void): Promise<BenchReply> {
    this.requireNative("running native code");
    await this.ready("a benchmark");
    const generation = this.generation;
    const reply = await this.whileBusy("benchmark", this.client.request("bench", arg, { signal, onEvent }));
    if (generation !== this.generation) throw cancelled();
    this.lastBench = reply.result;
    // A part is compiled on its own: its lines are those of another text.
    if (arg.scope.kind === "model" && arg.params === undefined) this.hotSpots = reply.result.hotSpots;
    this.changed.fire("bench");
    return reply;
  }

  /** Nodes and values of a stage by id: names, operators, origins. */
  graphAt(stage: number): ReturnType<StageNames["at"]> {
    return this.names.at(stage);
  }

  /** The last stage that is a graph (the later ones are loops). */
  get lastGraphStage(): number {
    return this.stages.at(-1)?.stage ?? 0;
  }

  /** Reads the file again and compiles. */
  async reload(): Promise<void> {
    this.client.dispose();
    this.client = this.newClient();
    this.dropCopy();
    this.opened = undefined;
    await this.compile();
  }

  /** Ends the worker, whatever it does; the next request starts a new one. */
  restartCompiler(): void {
    this.client.giveUp(coded("worker-crashed", { what: "restarted on request" }));
  }

  dispose(): void {
    this.disposed = true;
    this.client.dispose();
    this.dropCopy();
    this.changed.dispose();
    // Whoever keeps a closed model keeps no graphs with it.
    this.stages = [];
    this.names = new StageNames();
    this.summary = this.lastBench = undefined;
  }

  private newClient(): CompilerClient {
    return new CompilerClient(
      () => this.host.threads.take(),
      this.host.log,
      () => this.lost(),
    );
  }

  /** The worker is gone with the model and the compilation in it: read and compile again, so that the next request finds them. */
  private lost(): void {
    const wasCompiling = this.summary === undefined && this.failed === undefined;
    this.opened = undefined;
    // A compilation that kills the worker would do it again: it fails with this error instead (see runCompilation).
    if (!this.disposed && !wasCompiling) this.compiling = this.restore();
  }

  /** Gets a new worker to the point of the old one, silently: what the pages show is still true. */
  private async restore(): Promise<void> {
    try {
      await this.open();
      await this.client.request("compile", { generation: this.generation, options: this.options, hold: 0 }, {});
    } catch (error) {
      if (!isCancelled(error)) this.fail(error);
    }
  }

  private async readModel(): Promise<void> {
    const machine = this.machine ?? this.client.request("machine", null);
    this.copy ??= localCopy(this.uri, this.host.scratch);
    const model = this.copy.then(({ path }) => this.client.request("open", { path }));
    this.asked = this.copy.then(
      () => undefined,
      () => undefined,
    );
    [this.machine, this.model] = await Promise.all([machine, model]);
    this.setDims(this.model.dims);
    this.trail.mark("read");
    this.changed.fire("opened");
  }

  private async runCompilation(generation: number): Promise<void> {
    const isNewest = (): boolean => generation === this.generation && !this.disposed;
    try {
      const reply = await this.whileBusy("compile", this.openAndCompile(generation, isNewest));
      if (reply === undefined || !isNewest()) return;
      this.setDims(reply.dims);
      this.summary = reply.summary;
      this.changed.fire("summary");
      if (reply.failed !== undefined) this.fail(reply.failed);
    } catch (error) {
      if (isNewest() && !isCancelled(error)) this.fail(error);
    }
  }

  /** Asks for both at once: the worker goes on from one to the other without waiting for this thread. */
  private async openAndCompile(generation: number, isNewest: () => boolean): Promise<CompileReply | undefined> {
    const opening = this.open();
    opening.catch(() => {}); // it is waited for below
    await this.asked;
    if (!isNewest()) return undefined;
    const onEvent = ({ delta }: { delta: GraphDelta }): void => {
      if (isNewest()) this.addStage(delta);
    };
    const compiling = this.client.request("compile", { generation, options: this.options, hold: this.hold }, { onEvent });
    this.hold = 0;
    compiling.catch(() => {}); // when there is no model, its error is the one that counts
    await opening;
    return compiling;
  }

  private addStage(delta: GraphDelta): void {
    if (this.stages.length === 0) this.trail.mark("graph");
    this.stages.push(delta);
    this.names.add(delta);
    this.changed.fire("stage");
  }

  private setDims(dims: readonly { readonly name: string; readonly value: number }[]): void {
    this.dims = dims.map((dim) => ({ ...dim, source: dim.name in this.options.dims ? "set" : "default" }));
  }

  private fail(error: unknown): void {
    this.failed = isErrorInfo(error) ? error : toErrorInfo(error);
    this.opened = this.model === undefined ? undefined : this.opened;
    this.changed.fire("failed");
  }

  protected requireNative(what: string): void {
    if (!vscode.workspace.isTrusted) throw coded("untrusted", { what });
    if (this.uri.scheme !== "file") throw coded("not-on-disk", { what });
  }

  protected async whileBusy<T>(what: string, work: Promise<T>): Promise<T> {
    this.busy = what;
    if (!this.disposed) this.changed.fire("busy");
    try {
      return await work;
    } finally {
      this.busy = undefined;
      if (!this.disposed) this.changed.fire("busy");
    }
  }

  private dropCopy(): void {
    void this.copy?.then((copy) => copy.remove()).catch(() => {});
    this.copy = undefined;
  }
}

const isErrorInfo = (error: unknown): error is ErrorInfo =>
  typeof error === "object" && error !== null && "code" in error && "next" in error && !(error instanceof Error);
