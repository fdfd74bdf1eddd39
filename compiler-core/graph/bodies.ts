/**
 * Bodies of control flow (branches, loop bodies), beside the graph: append-only like the constants, so that a snapshot of the outer graph
 * costs nothing for them. An opaque node names its bodies in the attribute `bodies`.
 */
import { bug } from "../messages.ts";
import type { Graph, Value, ValueId } from "./ir.ts";

export interface Body {
  /** The ONNX attribute it comes from: `then_branch`, `body`. */
  readonly attribute: string;
  /** Index of the ONNX node that has it, in `Graph.sources`. Sources of the body's own nodes come after it. */
  readonly source: number;
  /** How many operands it is given by name: those of the graph come first among its inputs. */
  readonly formals: number;
  /** Which operands of the node the graph's other inputs are: what it captures from around it. Captured constants are its constants. */
  readonly captures: readonly number[];
  /** The body by itself, with what was known of its operands when the model was read. Origins are sources of the outermost graph. */
  readonly graph: Graph;
  /** The body for certain operands: made anew where the file is at hand, so that constants and shapes count. */
  readonly instantiate: (formals: readonly Value[], operands: readonly (Value | null)[]) => BodyInstance;
}

export interface BodyInstance {
  readonly graph: Graph;
  /** What its inputs and captured constants are outside: value of the body -> value given. */
  readonly bound: ReadonlyMap<ValueId, ValueId>;
}

export class BodyStore {
  readonly #items: Body[] = [];

  add(body: Body): number {
    return this.#items.push(body) - 1;
  }
  get(id: number): Body {
    return this.#items[id] ?? bug(`no body ${id}`);
  }
  get size(): number {
    return this.#items.length;
  }
}

/** A body that is there as a graph only (read from its text): used as it is. */
export function fixedBody(parts: Omit<Body, "instantiate">): Body {
  const { graph, formals, captures } = parts;
  return {
    ...parts,
    instantiate: (given, operands) => ({
      graph,
      bound: new Map(
        graph.inputs.flatMap((id, i): [ValueId, ValueId][] => {
          const value = i < formals ? given[i] : operands[captures[i - formals]!];
          return value == null ? [] : [[id, value.id]];
        }),
      ),
    }),
  };
}
