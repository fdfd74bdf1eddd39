/**
 * Threads of the compiler. One stands by, loaded and idle, so that a model that is opened finds one up: loading the compiler takes longer
 * than reading most models. A thread serves one model and ends with it: nothing of a model outlives it. No `vscode` here.
 */
import { Worker } from "node:worker_threads";
import type { WorkerData } from "./messages.ts";

export interface CompilerThread {
  readonly worker: Worker;
  /** What host and thread share: see `Shared`. */
  readonly shared: Int32Array;
}

/** One that nobody has used for so long ends: it takes some 30 MB. */
const spareMinutes = 10;

export class Threads {
  private spare: { readonly thread: CompilerThread; readonly variables: string; readonly end: ReturnType<typeof setTimeout> } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;

  /** @param environment variables of a thread beside those of this process */
  constructor(
    private readonly file: string,
    private readonly environment: () => Readonly<Record<string, string>>,
  ) {}

  /** The one that stands by, or a new one. The caller ends it. */
  take(): CompilerThread {
    const { spare } = this;
    const variables = JSON.stringify(this.environment());
    if (spare?.variables !== variables) return this.start();
    this.spare = undefined;
    clearTimeout(spare.end);
    spare.thread.worker.removeAllListeners();
    return spare.thread;
  }

  /** Sees to it that one stands by, a while from now: what is being done comes first. */
  prepare(afterMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.standBy(), afterMs);
    this.timer.unref();
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.drop();
  }

  private standBy(): void {
    const variables = JSON.stringify(this.environment());
    if (this.disposed || this.spare?.variables === variables) return;
    this.drop();
    const thread = this.start();
    const end = setTimeout(() => this.drop(), spareMinutes * 60_000);
    end.unref();
    const spare = { thread, variables, end };
    this.spare = spare;
    const gone = (): void => void (this.spare === spare && this.drop());
    thread.worker.on("error", gone);
    thread.worker.on("exit", gone);
    thread.worker.unref();
  }

  private drop(): void {
    const { spare } = this;
    if (spare === undefined) return;
    this.spare = undefined;
    clearTimeout(spare.end);
    void spare.thread.worker.terminate();
  }

  private start(): CompilerThread {
    const shared = new SharedArrayBuffer(8);
    const worker = new Worker(this.file, {
      workerData: { shared } satisfies WorkerData,
      env: { ...process.env, ...this.environment() },
      name: "fusionscope-compiler",
      stdout: true,
      stderr: true,
    });
    return { worker, shared: new Int32Array(shared) };
  }
}
