/** The page's line to its host: requests with an id, a time limit and a cancel; events as they come. */
import { requestSeconds, secondsBeyond, type ErrorInfo, type PanelRequests, type RequestName, type ToHost, type ToPage } from "#protocol";
import { t } from "./strings.ts";

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
  readonly timer: ReturnType<typeof setTimeout>;
}

/** What VS Code gives a webview. */
export interface Postable {
  postMessage(message: unknown): void;
}

export class Host {
  private nextId = 1;
  private readonly waiting = new Map<number, Waiting>();

  /** @param seconds until a request without an answer fails; the host has its own limits, which are a little shorter */
  constructor(
    private readonly api: Postable,
    private readonly seconds: (name: RequestName) => number = (name) => requestSeconds[name] + secondsBeyond,
  ) {}

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
      const timer = setTimeout(() => this.giveUp(id, name), this.seconds(name) * 1000);
      this.waiting.set(id, { resolve, reject, timer, ...(progress ? { progress } : {}) });
    });
    this.send({ type: "request", id, name, arg } as ToHost);
    return {
      result: result as Promise<PanelRequests[N]["reply"]>,
      cancel: () => {
        if (!this.waiting.has(id)) return;
        this.send({ type: "cancel", id });
        this.fail(id, { code: "cancelled", message: t("Cancelled."), next: "" });
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

  /** The host may still be at work on it: it is told to stop. */
  private giveUp(id: number, name: RequestName): void {
    this.send({ type: "cancel", id });
    this.fail(id, noAnswer(name, this.seconds(name)));
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

const noAnswer = (name: string, seconds: number): ErrorInfo => ({
  code: "no-answer",
  message: t('The host did not answer "{0}" within {1} s.', name, seconds),
  next: t("Close the editor and open it again."),
});

/** What to show for anything caught. */
export const errorInfo = (error: unknown): ErrorInfo =>
  error instanceof HostError ? error.info : { code: "page", message: error instanceof Error ? error.message : String(error), next: "" };
