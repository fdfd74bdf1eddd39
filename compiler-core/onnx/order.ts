/** Topological order of a node list that may come unsorted. */
import { userError } from "../messages.ts";
import type { FlatNode } from "./flatten.ts";

/** The nodes so that producers come first; otherwise in file order. Throws `onnx-cycle`. */
export function sortNodes(nodes: readonly FlatNode[]): readonly FlatNode[] {
  const producer = new Map<string, number>();
  nodes.forEach((n, i) => n.node.outputs.forEach((name) => name !== "" && !producer.has(name) && producer.set(name, i)));
  const state = new Uint8Array(nodes.length);
  const out: FlatNode[] = [];
  const dependencies = (i: number): readonly number[] =>
    [...nodes[i]!.node.inputs, ...nodes[i]!.captures].flatMap((name) => {
      const p = producer.get(name);
      return p === undefined ? [] : [p];
    });
  for (let root = 0; root < nodes.length; root++) {
    const stack: { readonly i: number; readonly rest: number[] }[] = [];
    const enter = (i: number): void => {
      state[i] = 1;
      stack.push({ i, rest: [...dependencies(i)].reverse() });
    };
    if (state[root] === 0) enter(root);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const next = top.rest.pop();
      if (next === undefined) {
        state[top.i] = 2;
        out.push(nodes[top.i]!);
        stack.pop();
      } else if (state[next] === 0) enter(next);
      else if (state[next] === 1) cycle(nodes[next]!);
    }
  }
  return out;
}

function cycle(at: FlatNode): never {
  const where = at.node.name === "" ? {} : { node: at.node.name };
  userError("onnx-cycle", where, { opType: at.node.opType, output: at.node.outputs[0] ?? "" });
}
