/** Types of a whole graph: one walk in topological order that also follows the small constants shapes are made of. */
import { UserError } from "../messages.ts";
import type { Constant } from "./constants.ts";
import { isStatic } from "./dims.ts";
import type { Graph, Node, Value, ValueId } from "./ir.ts";
import { valueOf } from "./ir.ts";
import { inferOp, knownOutputs, smallLimit } from "./infer.ts";
import { count, decode, evaluable, type NdArray } from "./ndarray.ts";
import { isFloat } from "../support/dtype.ts";
import { opOf } from "./ops/index.ts";
import { isRefusal, type Inferred, type InferCall, type TensorType } from "./ops/op.ts";
import type { Attrs } from "./ir.ts";

/**
 * The bytes of a constant; undefined when the file with the data is missing or damaged: the structure of a model can be looked at
 * without its weights, and whoever needs them gets the error then.
 */
export function readableBytes(c: Constant): Uint8Array | undefined {
  try {
    return c.bytes();
  } catch (e) {
    if (e instanceof UserError && e.code !== "bug") return undefined;
    throw e;
  }
}

/** Small constants once read, as every pass looks at them again. */
const decoded = new WeakMap<Constant, NdArray>();

/**
 * The data of a constant value in `native` form, not to be written to; undefined for strings, types that are not evaluated, and
 * unreadable data.
 */
export function constantData(graph: Pick<Graph, "constants">, value: Value): NdArray | undefined {
  if (value.constant === undefined || !evaluable(value.dtype)) return undefined;
  const c = graph.constants.get(value.constant);
  const have = decoded.get(c);
  if (have !== undefined) return have;
  const bytes = readableBytes(c);
  const data = bytes && decode(c.dtype, c.shape, bytes);
  if (data !== undefined && data.data.length <= smallLimit) decoded.set(c, data);
  return data;
}

/** Floats take part in shape arithmetic only as single numbers (scales, divisors); larger ones are weights. */
const maxKnownFloats = 16;
const worthKnowing = (v: Value): boolean => isStatic(v.shape) && count(v.shape) <= (isFloat(v.dtype) ? maxKnownFloats : smallLimit);

/** What a walk found out about one node. */
export interface NodeTypes {
  readonly node: Node;
  /** Attributes in canonical form; the node's own object if nothing changes. */
  readonly attrs: Attrs;
  readonly types: Inferred;
  /** Types of the operands, as inferred. */
  readonly inputs: readonly (TensorType | null)[];
  /** Data of operand `i`, if small and known. */
  readonly known: (i: number) => NdArray | undefined;
}

/**
 * Infers the types of all nodes from the graph's inputs and constants. `start` replaces types of values (specialised inputs).
 * Types of opaque outputs are taken as declared.
 */
export function walkTypes(graph: Graph, start: ReadonlyMap<ValueId, TensorType>, visit: (found: NodeTypes) => void): void {
  const types = new Map<ValueId, TensorType>(start);
  const known = new Map<ValueId, NdArray | undefined>();
  const typeOf = (id: ValueId): TensorType => types.get(id) ?? valueOf(graph, id);
  const dataOf = (id: ValueId): NdArray | undefined => {
    if (!known.has(id)) {
      const v = valueOf(graph, id);
      known.set(id, v.constant !== undefined && worthKnowing(v) ? constantData(graph, v) : undefined);
    }
    return known.get(id);
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((id) => (id === null ? null : typeOf(id)));
    const attrs = opOf(node.op).normalise?.(inputs, node.attrs) ?? node.attrs;
    const call: InferCall = {
      inputs,
      attrs,
      outputs: node.outputs.length,
      known: (i) => (node.inputs[i] == null ? undefined : dataOf(node.inputs[i])),
    };
    const found = inferOp(node.op, call);
    visit({ node, attrs, types: found, inputs, known: call.known });
    if (isRefusal(found)) continue;
    node.outputs.forEach((id, i) => found[i] && types.set(id, found[i]));
    const data = knownOutputs(node.op, call, found);
    node.outputs.forEach((id, i) => known.set(id, data?.[i]));
  }
}
