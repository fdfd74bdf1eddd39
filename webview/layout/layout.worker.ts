/** Entry of the layout worker: graphs in, placements out. It looks for news between sweeps, and gives up what nobody waits for. */
import { crossingsOf } from "./crossings.ts";
import { FrameCache, layoutSteps } from "./compound.ts";
import type { LayoutInput, Placement } from "./types.ts";

/** A question, or word that the one before is not wanted any more. */
export type ToLayout = { readonly id: number; readonly input: LayoutInput; readonly countCrossings: boolean } | { readonly cancel: number };

interface Scope {
  onmessage: ((event: { data: ToLayout }) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
const cache = new FrameCache();
/** So long a layout works before it looks for messages. */
const sliceMs = 12;
let current = -1;

scope.onmessage = ({ data }) => {
  if ("cancel" in data) {
    if (current === data.cancel) current = -1;
    return;
  }
  current = data.id;
  work(data, layoutSteps(data.input, cache));
};

/** After the messages that wait now. A timer would wait for some ms each time. Each task has a message of its own, and they come in order. */
const channel = new MessageChannel();
const tasks: (() => void)[] = [];
channel.port1.onmessage = () => tasks.shift()?.();

function later(task: () => void): void {
  tasks.push(task);
  channel.port2.postMessage(0);
}

type Question = Extract<ToLayout, { readonly id: number }>;

function work(question: Question, steps: Generator<void, Placement>): void {
  const until = performance.now() + sliceMs;
  while (current === question.id) {
    const step = steps.next();
    if (step.done === true) return answer(question, step.value);
    if (performance.now() > until) return later(() => work(question, steps));
  }
}

function answer({ id, input, countCrossings }: Question, placement: Placement): void {
  const buffers = [placement.x, placement.y, placement.start, placement.points, placement.frames].map(
    ({ buffer }) => buffer as ArrayBuffer,
  );
  const counted = countCrossings ? { ...placement, crossings: crossingsOf(input, placement) } : placement;
  scope.postMessage({ id, placement: counted }, buffers);
}
