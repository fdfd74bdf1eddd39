/**
 * The line to one page: answers its requests, each with a time limit, an error reply and cancelling, and starts a page that stays
 * silent once more. No `vscode` here.
 */
import { shape, requestSeconds, type ErrorInfo, type RequestName, type ToPage } from "#protocol";
import { cancelled, coded, isCancelled, toErrorInfo } from "../coded-error.ts";
import { isPageEvent, type PageEvent } from "./page-messages.ts";
import { isRequestName, pageRequests, type RequestContext } from "./page-requests.ts";

const { isRecord } = shape;

/** Milliseconds until a page without a `ready` is set once more; three times as many until it is then given up: the machine may be busy. */
const readyLimit = 5000;

export interface PageEnds {
  readonly post: (message: ToPage) => void;
  /** Sets the HTML (again), and tells the page everything: VS Code keeps it until the page is there to hear it. */
  readonly load: () => void;
  /** The page came up once more without having been set, or heard nothing: tell it everything again. */
  readonly onAnew: () => void;
  /** The page did not come up, twice. */
  readonly onSilent: (error: ErrorInfo) => void;
  readonly onMessage: (message: PageEvent) => void;
  readonly context: (signal: AbortSignal, progress: RequestContext["progress"]) => RequestContext;
}

export type { PageEvent } from "./page-messages.ts";

/** Requests that one page may have open: a sound one has a handful. */
const mostOpen = 200;

export class PageLink {
  private readonly running = new Map<number, AbortController>();
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private isLive = false;
  /** The page said `ready` since it was set. */
  private isReady = false;

  constructor(
    private readonly ends: PageEnds,
    private readonly limit = readyLimit,
  ) {}

  /** There is a page, or one is loading. */
  get live(): boolean {
    return this.isLive;
  }

  /** Loads the page and waits for its `ready`. */
  start(): void {
    this.load(1);
  }

  /** Sends, if there is a page that will hear it. */
  post(message: ToPage): void {
    if (this.isLive) this.ends.post(message);
  }

  /** Takes anything: what is no request gets no answer, what is no good one an error. */
  receive(message: unknown): void {
    if (!isRecord(message)) return;
    const { type, id } = message;
    if (type === "ready") this.onReady();
    else if (type === "request" && Number.isSafeInteger(id)) void this.answer(id as number, message["name"], message["arg"]);
    else if (type === "cancel") this.running.get(id as number)?.abort();
    else if (isPageEvent(message)) this.ends.onMessage(message);
  }

  dispose(): void {
    clearTimeout(this.watchdog);
    this.isLive = this.isReady = false;
    for (const controller of this.running.values()) controller.abort();
  }

  private load(attempt: number): void {
    this.isReady = false;
    this.isLive = true;
    this.ends.load();
    this.watchdog = setTimeout(
      () => {
        if (attempt === 1) this.load(2);
        else this.ends.onSilent(coded("page-silent").info);
      },
      this.limit * (attempt === 1 ? 1 : 3),
    );
  }

  /** Comes again when VS Code shows a hidden page anew: what the old one asked is nobody's business any more. */
  private onReady(): void {
    clearTimeout(this.watchdog);
    for (const controller of this.running.values()) controller.abort();
    if (this.isReady) this.ends.onAnew();
    this.isReady = true;
  }

  private async answer<N extends RequestName>(id: number, name: unknown, arg: unknown): Promise<void> {
    const controller = new AbortController();
    // An id that is in use: the first request keeps it.
    if (this.running.has(id)) return this.post({ type: "error", id, error: refusal("its number is in use") });
    this.running.set(id, controller);
    try {
      if (!isRequestName(name)) throw refused("there is no such request");
      if (this.running.size > mostOpen) throw refused(`${mostOpen} requests are open`);
      const row = pageRequests[name] as (typeof pageRequests)[N];
      if (!row.shape(arg)) throw refused(`what it says does not fit "${name}"`);
      const context = this.ends.context(controller.signal, (progress) => this.post({ type: "progress", id, ...progress }));
      const result = await withLimit(row.handle(arg as never, context), requestSeconds[name], controller, name);
      this.post({ type: "reply", id, result });
    } catch (error) {
      this.post({ type: "error", id, error: controller.signal.aborted && isCancelled(error) ? cancelled().info : toErrorInfo(error) });
    } finally {
      this.running.delete(id);
    }
  }
}

const refused = (what: string): Error => coded("page-request", { what });
const refusal = (what: string): ErrorInfo => coded("page-request", { what }).info;

async function withLimit<T>(work: Promise<T>, seconds: number, controller: AbortController, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(coded("worker-timeout", { what, seconds }));
      controller.abort();
    }, seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
