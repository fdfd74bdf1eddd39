/** Puts the kernel matrices of convolutions into the row panels their kernel reads: once, at the first run, where they are constants. */
import { gemmF32Tile } from "../../kernels/index.ts";
import { staticShape, valueOf, type Graph, type Layout, type Node, type Value, type ValueId } from "../../graph/ir.ts";
import { layoutText } from "../../graph/layout.ts";
import { resolveIsa } from "../../machine.ts";
import { operand } from "../../templates/template.ts";
import { graphPass, type PassContext } from "../pass.ts";

export const packConvolutions = graphPass({
  name: "pack-convolutions",
  why: "Puts the kernel matrix of each convolution into row panels as high as a register tile, once, at the first run.",
  optional: false,
  run,
});

function run(graph: Graph, ctx: PassContext): Graph {
  const { mr } = gemmF32Tile(resolveIsa(ctx.options.isa, ctx.machine));
  const values: (Value | undefined)[] = [...graph.values];
  const packed = new Map<ValueId, ValueId>();
  let nextNode = graph.nextNode;
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (node.op !== "conv-gemm") return [node];
    const source = valueOf(graph, operand(node, 1));
    const rows = staticShape(source)?.[1];
    if (source.layout !== "plain" || rows === undefined) return [node];
    const fresh: Node[] = [];
    let target = packed.get(source.id);
    if (target === undefined) {
      const layout = rowPanels(balancedTile(rows, mr));
      target = values.length;
      packed.set(source.id, target);
      const { constant, ...rest } = source;
      values.push({ ...rest, id: target, name: `${source.name}.packed`, shapeSource: "inferred", layout });
      fresh.push({
        id: nextNode++,
        op: "reorder",
        name: `pack ${source.name}`,
        inputs: [source.id],
        outputs: [target],
        phase: constant === undefined ? node.phase : "init",
        origin: node.origin,
        attrs: { layout: layoutText(layout), transpose: false },
      });
    }
    ctx.hit({
      rule: "pack-convolutions/row-panels",
      before: [node.id],
      after: [...fresh.map((n) => n.id), node.id],
      note: `${source.name} -> ${layoutText(values[target]?.layout ?? "plain")}`,
    });
    return [...fresh, { ...node, inputs: [node.inputs[0] ?? null, target, ...node.inputs.slice(2)] }];
  });
  return packed.size === 0 ? graph : { ...graph, nodes, values, nextNode };
}

/** The tile height of at most `most` that divides the rows most evenly: 64 rows are 4 tiles of 13 and one of 12, not 4 of 14 and one of 8. */
const balancedTile = (rows: number, most: number): number => Math.max(1, Math.ceil(rows / Math.ceil(rows / most)));

/** Matrices [groups, rows, k] as row panels. */
const rowPanels = (height: number): Layout => ({ outer: [0, 1, 2], inner: [{ axis: 1, size: height }] });
