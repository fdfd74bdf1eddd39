/**
 * The native runner as an object: requests and answers matched by id, progress, timeouts, cancelling. Whatever goes wrong in the other process
 * arrives as a coded error, and a runner that hangs is killed.
 */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { asUserError, bug, userError, UserError, type Holes, type MessageCode } from "../messages.ts";
import {
  runnerProtocolVersion,
  type HelloResult,
  type RunnerErrorCode,
  type RunnerEvent,
  type RunnerMethod,
  type RunnerMethods,
  type RunnerResponse,
} from "../protocol/runner.ts";
import { eventsFor, familyOf, groupNumber } from "../counters/events.ts";
import { detectMachine } from "./machine-detect.ts";
import { buildRunner } from "./native-build.ts";
import { findOrtLibrary } from "./ort-library.ts";
import { plainOrtText } from "./ort-text.ts";

export interface RequestOptions {
  readonly onProgress?: (fraction: number) => void;
  /** After this the runner is killed and the request fails with runner-timeout. Default 120 s; 0: none. */
  readonly timeoutMs?: number;
  /** Asks the runner to stop (bench, sample); one that does not within 2 s is killed. The request fails with `cancelled`. */
  readonly signal?: AbortSignal;
}

interface Pending {
  readonly method: RunnerMethod;
  readonly resolve: (result: unknown) => void;
  readonly reject: (e: UserError) => void;
  readonly onProgress: ((fraction: number) => void) | undefined;
}

type Crash = Extract<RunnerEvent, { readonly event: "crash" }>;

/** The runner's error codes as messages of ours. */
const codes: Readonly<Record<RunnerErrorCode, MessageCode | "bug">> = {
  "bad-request": "bug",
  internal: "bug",
  "no-file": "runner-file",
  "bad-module": "runner-module",
  isa: "runner-isa",
  "no-library": "ort-missing",
  ort: "ort-failed",
  "no-onednn": "onednn-missing",
  onednn: "onednn-failed",
  "hole-load": "hole-refused",
  "hole-invalid": "hole-invalid",
  "hole-run": "hole-failed",
  unsupported: "runner-unsupported",
  threads: "runner-resources",
  "no-memory": "runner-resources",
  cancelled: "cancelled",
};

/** How long a cancelled request may take to end before its runner is killed. */
const cancelGraceMs = 2000;
const defaultTimeoutMs = 120_000;

export class RunnerClient {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private tail = "";
  private errorText = "";
  private crash: Crash | undefined;
  /** Set when the process has ended or is being killed: why new requests fail. */
  private dead: UserError | undefined;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.receive(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.errorText = (this.errorText + text).slice(-4000)));
    child.stdin.on("error", () => undefined); // the exit handler tells the reason
    child.on("error", (e) => this.end(coded("runner-start", { what: e.message }, e)));
    child.on("close", (code, signal) => this.end(this.exitError(code, signal)));
  }

  /**
   * Starts a runner (building it first if needed) and greets it.
   * @throws compiler-missing, compile-failed, runner-start, runner-protocol
   */
  static async start(options: { readonly program?: string } = {}): Promise<RunnerClient> {
    const program = options.program ?? (await buildRunner()).path;
    const client = new RunnerClient(spawn(program, [], { stdio: ["pipe", "pipe", "pipe"] }));
    const { protocol } = await client.hello();
    if (protocol !== runnerProtocolVersion) {
      client.kill();
      userError("runner-protocol", {}, { what: `version ${protocol} instead of ${runnerProtocolVersion}` });
    }
    return client;
  }

  /** What the runner says about the machine; with the version of ONNX Runtime where its library is found. */
  hello(): Promise<HelloResult> {
    const library = findOrtLibrary();
    const events = eventsFor(familyOf(detectMachine().identity)).map((e) => ({ ...e, group: groupNumber(e.group) }));
    return this.request("hello", { events, ...(library === undefined ? {} : { ortLibrary: library }) }, { timeoutMs: 30_000 });
  }

  /** False once the process has ended: start another one. */
  get alive(): boolean {
    return this.dead === undefined;
  }

  /** @throws runner-crashed, runner-killed, runner-hung, runner-exited, and the errors of `codes` */
  request<M extends RunnerMethod>(
    method: M,
    params: RunnerMethods[M]["params"],
    options: RequestOptions = {},
  ): Promise<RunnerMethods[M]["result"]> {
    if (this.dead !== undefined) return Promise.reject(this.dead);
    if (options.signal?.aborted === true) return Promise.reject(coded("cancelled", {}));
    const id = this.nextId++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.pending.set(id, { method, resolve, reject, onProgress: options.onProgress });
    });
    this.child.stdin.write(`${JSON.stringify({ id, method, ...params })}\n`);
    return this.guard(method, answer, options) as Promise<RunnerMethods[M]["result"]>;
  }

  /** Ends the runner politely; never throws. */
  async close(): Promise<void> {
    if (this.dead === undefined) await this.request("quit", {}, { timeoutMs: 3000 }).catch(() => undefined);
    this.child.kill("SIGKILL");
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  private async guard(
    method: RunnerMethod,
    answer: Promise<unknown>,
    { timeoutMs = defaultTimeoutMs, signal }: RequestOptions,
  ): Promise<unknown> {
    const fail = (code: MessageCode, holes: Holes): void => {
      this.end(coded(code, holes));
      this.kill();
    };
    let grace: NodeJS.Timeout | undefined;
    const timer = timeoutMs > 0 ? setTimeout(() => fail("runner-hung", { method, seconds: timeoutMs / 1000 }), timeoutMs) : undefined;
    const onAbort = (): void => {
      this.request("cancel", {}).catch(() => undefined);
      grace = setTimeout(() => fail("cancelled", {}), cancelGraceMs);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      clearTimeout(grace);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  private receive(text: string): void {
    const lines = (this.tail + text).split("\n");
    this.tail = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") this.receiveLine(line);
  }

  private receiveLine(line: string): void {
    let message: RunnerResponse | RunnerEvent;
    try {
      message = JSON.parse(line) as RunnerResponse | RunnerEvent;
    } catch (e) {
      this.end(coded("runner-protocol", { what: "a line that is not JSON" }, e));
      this.kill();
      return;
    }
    if ("event" in message) {
      if (message.event === "progress") this.pending.get(message.id)?.onProgress?.(message.fraction);
      else this.crash = message;
      return;
    }
    if (typeof message.ok !== "boolean" || (!message.ok && typeof message.error?.code !== "string")) {
      this.end(coded("runner-protocol", { what: "a line that is neither an answer nor an event" }));
      this.kill();
      return;
    }
    const id = message.id ?? -1;
    const request = this.pending.get(id);
    if (request === undefined) return;
    this.pending.delete(id);
    if (message.ok) request.resolve(message.result);
    else request.reject(answerError(message.error.code, message.error.message, request.method));
  }

  private exitError(code: number | null, signal: NodeJS.Signals | null): UserError {
    const { crash } = this;
    if (crash !== undefined) {
      const places = [
        ...(crash.region === undefined ? [] : [`in region ${crash.region}`]),
        ...(crash.offset === undefined ? ["outside compiled code"] : [`at offset 0x${crash.offset.toString(16)}`]),
      ];
      return coded("runner-crashed", { signal: crash.signal, where: `${places.join(" ")}, thread ${crash.thread}` }, crash);
    }
    if (signal !== null) return coded("runner-killed", { signal });
    return coded("runner-exited", { code: code ?? -1, what: this.errorText.trim().split("\n").at(-1) ?? "" });
  }

  /** Fails everything that waits. The first reason stays. */
  private end(reason: UserError): void {
    this.dead ??= reason;
    for (const { reject } of this.pending.values()) reject(this.dead);
    this.pending.clear();
  }
}

function answerError(code: RunnerErrorCode, text: string, method: RunnerMethod): UserError {
  const message = code === "hole-invalid" && lacksLocale(text) ? "hole-locale" : (codes[code] ?? "bug");
  return message === "bug" ? bugError(`runner, ${method}: ${text}`) : coded(message, { what: plainOrtText(text) });
}

/** Operators on strings name a locale, which the system may not have: nothing is wrong with the model. */
const lacksLocale = (text: string): boolean => /construct locale/i.test(text);

/** `userError` as a value: these errors reach promises, not the current caller. */
function coded(code: MessageCode, holes: Holes, cause?: unknown): UserError {
  return new UserError(code, {}, holes, cause);
}

function bugError(what: string): UserError {
  try {
    return bug(what);
  } catch (e) {
    return asUserError(e);
  }
}
