/** Puts the kernel matrices of convolutions into the panels their kernel reads: once, at the first run, where they are constants. */
import { gemmF32Tile, gemmU8S8Panel } from "../../kernels/index.ts";
import { staticShape, valueOf, type Graph, type Layout, type Node, type Value, type ValueId } from "../../graph/ir.ts";
import { columnPanels, layoutText } from "../../graph/layout.ts";
import { resolveIsa } from "../../machine.ts";
import { operand } from "../../templates/template.ts";
import { convGeometry } from "../../templates/conv-shape.ts";
import { findTuned } from "../../tuned.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { balancedTile, convPointProblem, convProblem, convProblemKey } from "./conv-space.ts";

export const packConvolutions = graphPass({
  name: "pack-convolutions",
  why: "Puts the kernel matrix of each convolution into the panels that its microkernel reads one after the other, once, at the first run.",
  optional: false,
  run,
});

function run(graph: Graph, ctx: PassContext): Graph {
  const state: State = { graph, ctx, values: [...graph.values], packed: new Map(), nextNode: graph.nextNode };
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const source = ["conv-gemm", "conv-last", "winograd-last"].includes(node.op) ? valueOf(graph, operand(node, 1)) : undefined;
    const packing = source === undefined ? undefined : packingOf(state, node, source);
    if (source === undefined || packing === undefined) return [node];
    const fresh: Node[] = [];
    let target = state.packed.get(source.id);
    if (target === undefined) {
      fresh.push(packing.make());
      target = fresh[0]!.outputs[0]!;
      state.packed.set(source.id, target);
    }
    ctx.hit({
      rule: packing.rule,
      before: [node.id],
      after: [...fresh.map((n) => n.id), node.id],
      note: `${source.name} -> ${packing.text}`,
    });
    return [...fresh, { ...node, inputs: [node.inputs[0] ?? null, target, ...node.inputs.slice(2)] }];
  });
  return state.packed.size === 0 ? graph : { ...graph, nodes, values: state.values, nextNode: state.nextNode };
}

interface State {
  readonly graph: Graph;
  readonly ctx: PassContext;
  readonly values: (Value | undefined)[];
  /** Packed forms by what they were made of. */
  readonly packed: Map<ValueId, ValueId>;
  nextNode: number;
}

interface Packing {
  readonly rule: string;
  readonly text: string;
  readonly make: () => Node;
}

function packingOf(state: State, node: Node, source: Value): Packing | undefined {
  const isa = resolveIsa(state.ctx.options.isa, state.ctx.machine);
  const shape = staticShape(source);
  if (source.layout !== "plain" || shape === undefined) return undefined;
  if (node.op === "conv-gemm") {
    const rows = shape[1];
    if (rows === undefined) return undefined;
    return reordering(
      state,
      node,
      source,
      "pack-convolutions/row-panels",
      rowPanels(tunedTile(state.graph, node, state.ctx) ?? balancedTile(rows, gemmF32Tile(isa).mr)),
    );
  }
  if (shape.length !== 2) return undefined;
  return source.dtype === "f32"
    ? reordering(state, node, source, "pack-convolutions/column-panels", columnPanels(2, gemmF32Tile(isa).nr))
    : interleaving(state, node, source, gemmU8S8Panel(isa));
}

const phaseOf = (node: Node, source: Value): Node["phase"] => (source.constant === undefined ? node.phase : "init");

/** The same elements in another layout. */
function reordering(state: State, node: Node, source: Value, rule: string, layout: Layout): Packing {
  const make = (): Node => {
    const id = state.values.length;
    const { constant: _, ...rest } = source;
    state.values.push({ ...rest, id, name: `${source.name}.packed`, shapeSource: "inferred", layout });
    return {
      id: state.nextNode++,
      op: "reorder",
      name: `pack ${source.name}`,
      inputs: [source.id],
      outputs: [id],
      phase: phaseOf(node, source),
      origin: node.origin,
      attrs: { layout: layoutText(layout), transpose: false },
    };
  };
  return { rule, text: layoutText(layout), make };
}

/** Bytes: four rows of a column together. */
function interleaving(state: State, node: Node, source: Value, panel: number): Packing {
  const [k, n] = staticShape(source) as readonly [number, number];
  const make = (): Node => {
    const id = state.values.length;
    const common = { shapeSource: "inferred", layout: "plain" } as const;
    const shape = [Math.ceil(n / panel), Math.ceil(k / 4), panel, 4];
    state.values.push({ id, name: `${source.name}.packed`, dtype: "i8", shape, ...common });
    state.values.push({ id: id + 1, name: `${source.name}.sums`, dtype: "i32", shape: [n], ...common });
    return {
      id: state.nextNode++,
      op: "pack-integer",
      name: `pack ${source.name}`,
      inputs: [source.id],
      outputs: [id, id + 1],
      phase: phaseOf(node, source),
      origin: node.origin,
      attrs: { panel, transB: false },
    };
  };
  return { rule: "pack-convolutions/bytes", text: `panels of ${panel} columns, four rows together`, make };
}

/** Rows of a tile, where the machine profile says. */
function tunedTile(graph: Graph, node: Node, ctx: PassContext): number | undefined {
  if ((ctx.machine.tuned ?? []).length === 0) return undefined;
  const p = convProblem(convGeometry(graph, node), ctx);
  const entry = findTuned(ctx.machine.tuned, convProblemKey(p));
  return entry === undefined || convPointProblem(entry.params, p) !== undefined ? undefined : Number(entry.params["tile"]);
}

/** Matrices [groups, rows, k] as row panels. */
const rowPanels = (height: number): Layout => ({ outer: [0, 1, 2], inner: [{ axis: 1, size: height }] });
