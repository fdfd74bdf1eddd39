/** Entry of the layout worker: one graph in, one placement out. */
import { layered } from "./layered.ts";
import type { LayoutInput } from "./types.ts";

interface Scope {
  onmessage: ((event: { data: { id: number; input: LayoutInput } }) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
scope.onmessage = ({ data: { id, input } }) => {
  const placement = layered(input);
  scope.postMessage({ id, placement }, [
    placement.x.buffer,
    placement.y.buffer,
    placement.start.buffer,
    placement.points.buffer,
  ] as Transferable[]);
};
