/**
 * Chooses for every image whether its channels come first, as in the file, or last, where kernels read and write them without unfolding, by the bytes
 * moved over the whole graph. Images are turned where both meet; everything in between is written for the layout it has.
 */
import { GraphEditor } from "../../graph/edit.ts";
import type { Graph, Node, NodeId, ValueId } from "../../graph/ir.ts";
import type { PatchBuilder } from "../../graph/patch.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { chooseLayouts, turningBytes, type Choice } from "./propagate-layouts/choose.ts";
import { convolutionForm } from "./propagate-layouts/convolutions.ts";
import { firstOrder, imageShape, lastOrder, type Form } from "./propagate-layouts/form.ts";
import { neutralForm } from "./propagate-layouts/neutral.ts";

export const propagateLayouts = graphPass({
  name: "propagate-layouts",
  why: "Puts the channels of images last where convolutions move fewer bytes that way, over the whole graph.",
  optional: true,
  run,
});

function run(graph: Graph, ctx: PassContext): Graph {
  if (!graph.nodes.some((n) => n.op === "conv")) return graph;
  const e = new GraphEditor(graph);
  const forms = new Map<NodeId, Form>();
  for (const node of graph.nodes) {
    const form = node.op === "conv" ? convolutionForm(node, e) : neutralForm(node, e);
    if (form !== undefined) forms.set(node.id, form);
  }
  const choice = chooseLayouts(e, forms);
  for (const node of graph.nodes) if (forms.get(node.id)?.decides === true) tell(e, node, choice, ctx);
  const turned = new Map<ValueId, ValueId>();
  for (const { id } of graph.nodes) {
    const node = e.node(id);
    if (node !== undefined && choice.last.has(id)) rewrite(e, node, forms.get(id)!, turned, ctx);
  }
  return e.finish();
}

function tell(e: GraphEditor, node: Node, choice: Choice, ctx: PassContext): void {
  const isLast = choice.last.has(node.id);
  const costs = choice.costs(node);
  ctx.verdict({
    subject: "layout",
    accepted: isLast,
    rule: "propagate-layouts/channels-last",
    because: isLast
      ? "channels last: fewer bytes are moved over the graph"
      : "channels first: turning the images would move more bytes than it saves",
    facts: [{ name: "image", value: (imageShape(e, node.inputs[0]) ?? []).join("x") }],
    nodes: [node.id],
    value: node.outputs[0]!,
    alternatives: [
      { choice: "channels last", cost: costs.last, unit: "B, neighbours as they are" },
      { choice: "channels first", cost: costs.first, unit: "B, neighbours as they are" },
    ],
  });
}

/** Is turning the image a matter of its extents alone? */
const movesNothing = ([, channels, rows, columns]: readonly number[]): boolean => channels === 1 || rows! * columns! === 1;

const inOrder = (shape: readonly number[], order: readonly number[]): readonly number[] => order.map((axis) => shape[axis]!);

/** Replaces the operator by its form with channels last; `turned` holds images with channels last, as they were made or turned for others. */
function rewrite(e: GraphEditor, node: Node, form: Form, turned: Map<ValueId, ValueId>, ctx: PassContext): void {
  const p = e.patch(node);
  const added: ValueId[] = [];
  const last = (image: ValueId): ValueId => {
    const known = turned.get(image);
    // Whoever it was turned for may be gone, and it with them.
    if (known !== undefined && (known >= p.firstValue || e.producer(known) !== undefined)) return known;
    const producer = e.producer(image);
    if (producer?.op === "transpose" && String(producer.attrs["perm"]) === String(firstOrder)) return producer.inputs[0]!;
    const made = turn(p, image, lastOrder);
    turned.set(image, made);
    if (turningBytes(e, image) > 0) added.push(image);
    return made;
  };
  const result = form.write(p, last);
  const isImage = imageShape(e, node.outputs[0]) !== undefined;
  const patch = p.done(isImage ? turn(p, result, firstOrder) : result);
  const done = e.apply(node, patch);
  if (isImage) for (const made of node.outputs) turned.set(made, result);
  ctx.hit({ rule: `propagate-layouts/${node.op}`, before: done.removed.map((n) => n.id), after: done.added });
  for (const image of added)
    ctx.verdict({
      subject: "layout",
      accepted: true,
      rule: "propagate-layouts/turned",
      because: "turned once: it is made with channels first, and read with channels last",
      facts: [{ name: "read and written", value: turningBytes(e, image), unit: "B" }],
      nodes: done.added.slice(0, 1),
      value: image,
    });
}

function turn(p: PatchBuilder, image: ValueId, order: readonly number[]): ValueId {
  const shape = p.value(image).shape as readonly number[];
  const first = order === lastOrder ? shape : inOrder(shape, order);
  return movesNothing(first)
    ? p.add("reshape", [image], { shape: inOrder(shape, order), allowZero: true })
    : p.add("transpose", [image], { perm: order });
}
