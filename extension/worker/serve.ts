/** The worker's side of the line: answers requests by a table of handlers, each with its own cancel. */
import { toErrorInfo } from "../coded-error.ts";
import type { FromWorker, ToWorker, WorkerRequestName, WorkerRequests } from "./messages.ts";

/** The part of `MessagePort` that is used. */
export interface Port {
  postMessage(message: FromWorker, transfer?: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (message: ToWorker) => void): unknown;
}

export interface HandlerContext<N extends WorkerRequestName> {
  readonly signal: AbortSignal;
  readonly event: (event: WorkerRequests[N]["event"]) => void;
}

export type Handlers = {
  readonly [N in WorkerRequestName]: (
    arg: WorkerRequests[N]["arg"],
    context: HandlerContext<N>,
  ) => Promise<WorkerRequests[N]["reply"]> | WorkerRequests[N]["reply"];
};

export function serve(port: Port, handlers: Handlers): void {
  const running = new Map<number, AbortController>();
  port.on("message", (message) => {
    if (message.type === "cancel") running.get(message.id)?.abort();
    else void answer(port, handlers, message, running);
  });
}

async function answer(
  port: Port,
  handlers: Handlers,
  { id, name, arg }: Extract<ToWorker, { type: "request" }>,
  running: Map<number, AbortController>,
): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const handle = handlers[name] as (arg: unknown, context: HandlerContext<WorkerRequestName>) => unknown;
    const result = await handle(arg, { signal: controller.signal, event: (event) => port.postMessage({ type: "event", id, event }) });
    port.postMessage({ type: "reply", id, result });
  } catch (error) {
    port.postMessage({ type: "error", id, error: toErrorInfo(error) });
  } finally {
    running.delete(id);
  }
}
