/** Patches: what a rewrite rule wants done in place of a node. */
import { bug } from "../messages.ts";
import type { GraphEditor } from "./edit.ts";
import { inferOp, withDefaults } from "./infer.ts";
import type { Attrs, Node, NodeId, Value, ValueId } from "./ir.ts";
import type { NdArray } from "./ndarray.ts";
import { opOf, type OpName } from "./ops/index.ts";
import { isRefusal } from "./ops/op.ts";

/** A value of the graph, or one that the patch makes. */
export type Ref = ValueId;

/** What a rule wants done: nodes to add, in order, and what becomes of the outputs of the node it matched. */
export interface Patch {
  readonly nodes: readonly Node[];
  readonly values: readonly Value[];
  readonly outputs: readonly (Ref | undefined)[];
  /** The matched nodes: their origins go to the new nodes. */
  readonly covers: readonly Node[];
  readonly note?: string;
}

/** Collects the nodes of a patch; types are inferred as nodes are added. */
export class PatchBuilder {
  readonly #nodes: Node[] = [];
  readonly #values: Value[] = [];
  readonly #origin: readonly number[];

  constructor(
    readonly editor: GraphEditor,
    readonly root: Node,
    readonly covers: readonly Node[],
    readonly firstValue: ValueId,
    readonly firstNode: NodeId,
  ) {
    this.#origin = unionOrigin(covers);
  }

  value(id: ValueId): Value {
    return this.#values[id - this.firstValue] ?? this.editor.value(id);
  }

  /** Adds a node; a refusal is a bug of the rule. */
  add(op: OpName, inputs: readonly (ValueId | null)[], attrs: Attrs = {}, name = this.root.name, outputs = 1): ValueId {
    return this.addMany(op, inputs, attrs, name, outputs)[0]!;
  }
  addMany(op: OpName, inputs: readonly (ValueId | null)[], attrs: Attrs, name: string, outputs: number): readonly ValueId[] {
    const types = inputs.map((id) => (id === null ? null : this.value(id)));
    const full = withDefaults(op, attrs);
    const canonical = opOf(op).normalise?.(types, full) ?? full;
    const known = (i: number): NdArray | undefined =>
      inputs[i] != null && inputs[i] < this.firstValue ? this.editor.constant(inputs[i]) : undefined;
    const found = inferOp(op, { inputs: types, attrs: canonical, outputs, known });
    if (isRefusal(found)) return bug(`a rule made an impossible ${op}: ${found.reason}`, { node: this.root.name });
    const ids = found.map((t) => {
      const id = this.firstValue + this.#values.length;
      this.#values.push({
        id,
        name: `${this.editor.value(this.root.outputs[0]!).name}.${op}`,
        dtype: t.dtype,
        shape: t.shape,
        shapeSource: "inferred",
        layout: "plain",
      });
      return id;
    });
    this.#nodes.push({
      id: this.firstNode + this.#nodes.length,
      op,
      name,
      inputs,
      outputs: ids,
      attrs: canonical,
      origin: this.#origin,
      phase: this.root.phase,
    });
    return ids;
  }
  constant(name: string, data: NdArray): ValueId {
    const v = this.editor.addConstant(name, data, this.firstValue + this.#values.length);
    this.#values.push(v);
    return v.id;
  }
  /** The patch, with what each output of the root becomes. */
  done(outputs: Ref | readonly (Ref | undefined)[], note?: string): Patch {
    const list = typeof outputs === "number" ? [outputs] : outputs;
    return { nodes: this.#nodes, values: this.#values, outputs: list, covers: this.covers, ...(note === undefined ? {} : { note }) };
  }
}

/** All sources of some nodes, sorted. */
export const unionOrigin = (nodes: readonly Node[]): readonly number[] =>
  nodes.length === 1 ? nodes[0]!.origin : [...new Set(nodes.flatMap((n) => n.origin))].sort((a, b) => a - b);
