/**
 * The compiler worker as the extension host sees it: typed requests with a time limit and cancelling. A worker that dies or
 * hangs fails its requests with a coded error and is started anew by the next request; the editor goes on. No `vscode` here.
 */
import { CodedError, cancelled, coded } from "../coded-error.ts";
import { Shared, type FromWorker, type ToWorker, type WorkerRequestName, type WorkerRequests } from "./messages.ts";
import type { CompilerThread } from "./threads.ts";

/** Seconds without an answer or an event after which a request fails; the worker is then taken for hung. */
const patience: Readonly<Record<WorkerRequestName, number>> = {
  machine: 30,
  open: 60,
  compile: 120,
  text: 180,
  tensor: 60,
  tensorStats: 60,
  writeTensor: 60,
  probe: 600, // builds, runs, and asks ONNX Runtime
  compareValues: 600,
  loops: 60,
  body: 60,
  nativeSource: 180, // waits for a build before it
  ortProfile: 120,
  templateSpace: 60,
  modelHash: 60,
  bench: 180,
};

/** Seconds that a cancelled request gets to end by itself. */
const grace = 5;

export interface RequestOptions<N extends WorkerRequestName> {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: WorkerRequests[N]["event"]) => void;
  /** Overrides the table, for tests. */
  readonly seconds?: number;
}

export interface ClientLog {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

interface Pending {
  readonly name: WorkerRequestName;
  readonly settle: (error: CodedError | undefined, result?: unknown) => void;
  readonly event: (event: unknown) => void;
}

export class CompilerClient {
  private thread: CompilerThread | undefined;
  private disposed = false;
  private nextId = 1;
  private readonly pending = new Map<number, Pending>();
  private generation = 0;

  /**
   * @param take gives a thread, which ends with the client
   * @param onLost called when a worker ended on its own or was given up; what it held (model, compilation) is gone
   */
  constructor(
    private readonly take: () => CompilerThread,
    private readonly log: ClientLog,
    private readonly onLost: (error: CodedError) => void = () => {},
  ) {}

  /** Compilations older than `generation` stop at their next pass. */
  setGeneration(generation: number): void {
    this.generation = generation;
    if (this.thread === undefined) return;
    Atomics.store(this.thread.shared, Shared.generation, generation);
    Atomics.notify(this.thread.shared, Shared.painted);
  }

  /** The first graph is on the screen: what waits for that goes on. */
  setPainted(): void {
    if (this.thread === undefined) return;
    Atomics.store(this.thread.shared, Shared.painted, 1);
    Atomics.notify(this.thread.shared, Shared.painted);
  }

  request<N extends WorkerRequestName>(
    name: N,
    arg: WorkerRequests[N]["arg"],
    options: RequestOptions<N> = {},
  ): Promise<WorkerRequests[N]["reply"]> {
    if (this.disposed || options.signal?.aborted) return Promise.reject(cancelled());
    const { worker } = (this.thread ??= this.start());
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const seconds = options.seconds ?? patience[name];
      let timer = setTimeout(() => this.giveUp(coded("worker-timeout", { what: name, seconds })), seconds * 1000);
      const cancel = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => this.giveUp(coded("worker-timeout", { what: name, seconds: grace })), grace * 1000);
        worker.postMessage({ type: "cancel", id } satisfies ToWorker);
      };
      options.signal?.addEventListener("abort", cancel, { once: true });
      this.pending.set(id, {
        name,
        settle: (error, result) => {
          clearTimeout(timer);
          options.signal?.removeEventListener("abort", cancel);
          this.pending.delete(id);
          if (options.signal?.aborted) reject(cancelled());
          else if (error !== undefined) reject(error);
          else resolve(result as WorkerRequests[N]["reply"]);
        },
        event: (event) => {
          if (!options.signal?.aborted) timer.refresh();
          options.onEvent?.(event as WorkerRequests[N]["event"]);
        },
      });
      worker.postMessage({ type: "request", id, name, arg } as ToWorker);
    });
  }

  /** Ends the worker. Its requests fail with `error`; the next request starts a new one. */
  giveUp(error: CodedError): void {
    const worker = this.thread?.worker;
    if (worker === undefined) return;
    this.thread = undefined;
    worker.removeAllListeners();
    worker.on("error", () => {});
    void worker.terminate();
    for (const request of [...this.pending.values()]) request.settle(error);
    this.log.error(`${error.info.code}: ${error.info.message}`);
    if (!this.disposed) this.onLost(error);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.giveUp(cancelled());
  }

  private start(): CompilerThread {
    const thread = this.take();
    const { worker, shared } = thread;
    Atomics.store(shared, Shared.generation, this.generation);
    worker.stdout.on("data", (text: Buffer) => this.log.info(text.toString().trimEnd()));
    worker.stderr.on("data", (text: Buffer) => this.log.warn(text.toString().trimEnd()));
    worker.on("message", (message: FromWorker) => this.receive(message));
    worker.on("error", (error: Error) => this.giveUp(coded("worker-crashed", { what: oneLine(error) })));
    worker.on("exit", (code: number) => this.giveUp(coded("worker-crashed", { what: `it ended with ${code}` })));
    return thread;
  }

  private receive(message: FromWorker): void {
    if (message.type === "log") {
      this.log[message.level](message.text);
      return;
    }
    const request = this.pending.get(message.id);
    if (message.type === "event") request?.event(message.event);
    else if (message.type === "error") request?.settle(new CodedError(message.error));
    else request?.settle(undefined, message.result);
  }
}

const oneLine = (error: Error): string => String(error.message).split("\n")[0] ?? "";
