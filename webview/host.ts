/** The page's line to its host: requests with an id, a time limit and a cancel; events as they come. */
import type { ErrorInfo, PanelRequests, RequestName, ToHost, ToPage } from "#protocol";

/** An error reply of the host, as the user reads it. */
export class HostError extends Error {
  constructor(readonly info: ErrorInfo) {
    super(info.message);
  }
}

export interface Reply<T> {
  readonly result: Promise<T>;
  cancel(): void;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly progress?: (text: string, done: number | null) => void;
  readonly timer?: ReturnType<typeof setTimeout>;
}

/** Requests that build or run code take as long as they take; the others must answer. */
const timeLimitMs: Partial<Record<RequestName, number>> = {
  text: 120_000,
  tensor: 30_000,
  saveState: 10_000,
  openText: 30_000,
  openDiff: 30_000,
};

/** What VS Code gives a webview. */
export interface Postable {
  postMessage(message: unknown): void;
}

export class Host {
  private nextId = 1;
  private readonly waiting = new Map<number, Waiting>();

  constructor(private readonly api: Postable) {}

  send(message: ToHost): void {
    this.api.postMessage(message);
  }

  request<N extends RequestName>(
    name: N,
    arg: PanelRequests[N]["arg"],
    progress?: (text: string, done: number | null) => void,
  ): Reply<PanelRequests[N]["reply"]> {
    const id = this.nextId;
    this.nextId += 1;
    const result = new Promise<unknown>((resolve, reject) => {
      const limit = timeLimitMs[name];
      const timer = limit === undefined ? undefined : setTimeout(() => this.fail(id, noAnswer(name, limit)), limit);
      this.waiting.set(id, { resolve, reject, ...(progress ? { progress } : {}), ...(timer ? { timer } : {}) });
    });
    this.send({ type: "request", id, name, arg } as ToHost);
    return {
      result: result as Promise<PanelRequests[N]["reply"]>,
      cancel: () => {
        if (!this.waiting.has(id)) return;
        this.send({ type: "cancel", id });
        this.fail(id, { code: "cancelled", message: "Cancelled.", next: "" });
      },
    };
  }

  /** Takes replies; returns false for messages that are not about a request. */
  receive(message: ToPage): boolean {
    if (message.type === "progress") this.waiting.get(message.id)?.progress?.(message.text, message.done);
    else if (message.type === "reply") this.finish(message.id)?.resolve(message.result);
    else if (message.type === "error") this.fail(message.id, message.error);
    else return false;
    return true;
  }

  private finish(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  private fail(id: number, error: ErrorInfo): void {
    this.finish(id)?.reject(new HostError(error));
  }
}

const noAnswer = (name: string, limit: number): ErrorInfo => ({
  code: "no-answer",
  message: `The host did not answer "${name}" within ${limit / 1000} s.`,
  next: "Close the editor and open it again.",
});

/** What to show for anything caught. */
export const errorInfo = (error: unknown): ErrorInfo =>
  error instanceof HostError ? error.info : { code: "page", message: error instanceof Error ? error.message : String(error), next: "" };
