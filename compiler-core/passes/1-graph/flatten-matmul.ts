/**
 * Products of a tensor of rank above 2 with one matrix of weights: leading axes join the rows, so that the kernels see one large
 * matrix, and the axes come back as a view, which moves down past elementwise operators.
 */
import type { GraphEditor } from "../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../graph/patch.ts";
import type { Graph, Node, ValueId } from "../../graph/ir.ts";
import { hasTrait, opNames } from "../../graph/ops/index.ts";
import { applyRules, type Rule } from "../../graph/rules.ts";
import { graphPass, type PassContext } from "../pass.ts";

export const flattenMatmul = graphPass({
  name: "flatten-matmul",
  why: "Joins the leading axes of a product with one weight matrix into rows, so that the kernels get one large matrix.",
  optional: true,
  run: (graph: Graph, ctx: PassContext): Graph => applyRules(graph, rules, ctx),
});

function flatten(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const [sa, sb, out] = [e.staticShape(a), e.staticShape(b), e.staticShape(node.outputs[0]!)];
  if (!sa || !sb || !out || sa.length < 3 || sb.length !== 2 || node.attrs["transA"] === true) return undefined;
  const zeros = node.inputs.slice(2);
  if (zeros[0] != null && e.staticShape(zeros[0])?.some((d) => d !== 1) !== false) return undefined;
  const rows = sa.slice(0, -1).reduce((x, d) => x * d, 1);
  const p = e.patch(node);
  const flat = p.add("reshape", [a], { shape: [rows, sa.at(-1)!], allowZero: true });
  return p.done(p.add("reshape", [p.add(node.op, [flat, b, ...zeros], node.attrs)], { shape: out, allowZero: true }));
}

/** The 2-D value behind a view that only splits rows; undefined for anything else. */
function rowsBehind(e: GraphEditor, id: ValueId, columns: number): ValueId | undefined {
  const view = e.producer(id);
  const source = view?.op === "reshape" ? view.inputs[0]! : undefined;
  const shape = source === undefined ? undefined : e.staticShape(source);
  return shape?.length === 2 && shape[1] === columns && e.value(id).shape?.at(-1) === columns ? source : undefined;
}

/** Elementwise operators in front of a product's image that are looked through: a dequantisation has four. */
const mostSteps = 8;

/**
 * An operand of an image's elementwise operator as rows of channels, when that costs nothing: the matrix behind a view, one number per column or per
 * row, or an image whose elementwise makers run over rows, too. Undefined: it is of another shape.
 */
function asRows(p: PatchBuilder, e: GraphEditor, id: ValueId, out: readonly number[], steps = mostSteps): ValueId | undefined {
  const shape = e.staticShape(id);
  const columns = out.at(-1)!;
  if (shape === undefined) return undefined;
  if (shape.slice(0, -1).every((d) => d === 1) && shape.length <= 2) return id;
  const rows = out.slice(0, -1).reduce((m, d) => m * d, 1);
  const whole = String(shape) === String(out);
  if (!whole) {
    const perRow = String(shape) === String([...out.slice(0, -1), 1]);
    return perRow ? p.add("reshape", [id], { shape: [rows, 1], allowZero: true }) : undefined;
  }
  const behind = rowsBehind(e, id, columns);
  if (behind !== undefined) return behind;
  const maker = e.producer(id);
  const own = maker !== undefined && hasTrait(maker.op, "elementwise") && e.hasOneUse(id) && steps > 0;
  const parts = own ? maker.inputs.map((v) => (v === null ? undefined : asRows(p, e, v, out, steps - 1))) : [];
  return own && !parts.includes(undefined)
    ? p.add(maker.op, parts as ValueId[], maker.attrs)
    : p.add("reshape", [id], { shape: [rows, columns], allowZero: true });
}

/** elementwise(view(x2d), ...) = view(elementwise(x2d, ...)): other operands are scalars or per column, and of images also other images. */
function sinkView(node: Node, e: GraphEditor): Patch | undefined {
  const out = e.staticShape(node.outputs[0]!);
  if (out === undefined || out.length < 3) return undefined;
  const columns = out.at(-1)!;
  const ofProduct = (id: ValueId): ValueId | undefined =>
    String(e.staticShape(id)) === String(out) ? rowsBehind(e, id, columns) : undefined;
  if (node.inputs.includes(null) || !node.inputs.some((id) => ofProduct(id!) !== undefined)) return undefined;
  const p = e.patch(node);
  const isImage = out.length === 4 && node.inputs.some((id) => makesRows(e, ofProduct(id!)));
  const inputs = node.inputs.map((id) => {
    const shape = e.staticShape(id!);
    if (isImage) return asRows(p, e, id!, out);
    const perColumn = shape !== undefined && shape.slice(0, -1).every((d) => d === 1) && shape.length <= 2;
    return ofProduct(id!) ?? (perColumn ? id! : undefined);
  });
  if (inputs.includes(undefined)) return undefined;
  return p.done(p.add("reshape", [p.add(node.op, inputs as ValueId[], node.attrs)], { shape: out, allowZero: true }));
}

/** Is the matrix made by a product or a convolution with channels last, or by what joined one? */
function makesRows(e: GraphEditor, id: ValueId | undefined): boolean {
  let at = e.producer(id);
  for (let steps = 0; at !== undefined && hasTrait(at.op, "elementwise") && steps < mostSteps; steps++)
    at = e.producer(at.inputs.find((v) => v !== null && !e.isConstant(v)) ?? undefined);
  return at !== undefined && (hasTrait(at.op, "matmul") || at.op.endsWith("-last"));
}

/**
 * The matrix behind a view that splits its columns into an image, one row per channel: x[C, pixels] as [1, C, rows, columns ...]. (Of rank 3 it would be
 * the tokens of a text, whose rows are normalised as they are.)
 */
function channelsBehind(e: GraphEditor, id: ValueId, out: readonly number[]): ValueId | undefined {
  const view = e.producer(id);
  const source = view?.op === "reshape" ? view.inputs[0]! : undefined;
  const shape = source === undefined ? undefined : e.staticShape(source);
  const isImage = out.length > 3 && out[0] === 1 && String(e.staticShape(id)) === String(out);
  const maker = e.producer(source)?.op ?? "opaque";
  const isComputed = hasTrait(maker, "matmul") || hasTrait(maker, "elementwise");
  return isImage && shape?.length === 2 && shape[0] === out[1] && isComputed ? source : undefined;
}

/** A number per channel, or one for all: as a column, or as it is. Undefined: neither. */
function asColumn(shape: readonly number[], rank: number, channels: number): readonly number[] | "as it is" | undefined {
  if (shape.every((d) => d === 1)) return "as it is";
  const aligned = [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape];
  return aligned.every((d, axis) => d === (axis === 1 ? channels : 1)) ? [channels, 1] : undefined;
}

/** elementwise(image(x[C, pixels]), a number per channel ...) = image(elementwise(x, ...)): it can join the product's nest. */
function sinkImage(node: Node, e: GraphEditor): Patch | undefined {
  const out = e.staticShape(node.outputs[0]!);
  const channels = out?.[1];
  if (out === undefined || channels === undefined || out.length < 3) return undefined;
  const sources = node.inputs.map((id) => (id === null ? undefined : channelsBehind(e, id, out)));
  const first = sources.find((s) => s !== undefined);
  if (first === undefined || node.inputs.includes(null)) return undefined;
  const matrix = e.staticShape(first)!;
  const shapes = node.inputs.map((id) => e.staticShape(id!));
  const fits = shapes.map((shape) =>
    shape === undefined ? undefined : String(shape) === String(out) ? matrix : asColumn(shape, out.length, channels),
  );
  if (fits.includes(undefined)) return undefined;
  const p = e.patch(node);
  const inputs = node.inputs.map((id, i) => {
    const to = fits[i]!;
    return sources[i] ?? (to === "as it is" ? asScalar(p, id!) : p.add("reshape", [id], { shape: to, allowZero: true }));
  });
  return p.done(p.add("reshape", [p.add(node.op, inputs, node.attrs)], { shape: out, allowZero: true }));
}

/** One element of any rank broadcasts as a scalar. */
const asScalar = (p: PatchBuilder, v: ValueId): ValueId =>
  (p.value(v).shape?.length ?? 0) <= 2 ? v : p.add("reshape", [v], { shape: [], allowZero: true });

function joinReshapes(node: Node, e: GraphEditor): Patch | undefined {
  const inner = e.producer(node.inputs[0]);
  const shape = e.staticShape(node.outputs[0]!);
  if (inner?.op !== "reshape" || shape === undefined || node.inputs.length > 1) return undefined;
  const source = inner.inputs[0]!;
  const p = e.patch(node, e.hasOneUse(node.inputs[0]!) ? [inner, node] : [node]);
  return p.done(String(e.staticShape(source)) === String(shape) ? source : p.add("reshape", [source], { shape, allowZero: true }));
}

const rules: readonly Rule[] = [
  { name: "flatten-matmul/flatten", ops: ["matmul", "matmul-integer"], rewrite: flatten },
  { name: "flatten-matmul/sink-view", ops: opNames.filter((n) => hasTrait(n, "elementwise") && n !== "identity"), rewrite: sinkView },
  { name: "flatten-matmul/sink-image", ops: opNames.filter((n) => hasTrait(n, "elementwise") && n !== "identity"), rewrite: sinkImage },
  { name: "flatten-matmul/join-views", ops: ["reshape"], rewrite: joinReshapes },
];
