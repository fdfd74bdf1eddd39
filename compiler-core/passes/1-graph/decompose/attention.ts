/** Attention and rotary embeddings in products, softmax and elementwise operators, once all extents are known. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import { rotarySizes, staticSizes, type AttentionSizes } from "../../../graph/ops/attention.ts";
import type { Rule } from "../../../graph/rules.ts";
import type { DType } from "../../../support/dtype.ts";

const scalar = (p: PatchBuilder, dtype: DType, value: number): ValueId => p.constant("", fromValues(dtype, [], [value]));
const reshape = (p: PatchBuilder, x: ValueId, shape: readonly number[]): ValueId => p.add("reshape", [x], { shape, allowZero: true });
const cast = (p: PatchBuilder, x: ValueId, to: DType): ValueId => (p.value(x).dtype === to ? x : p.add("cast", [x], { to }));
const counting = (p: PatchBuilder, n: number, shape: readonly number[]): ValueId =>
  p.constant(
    "",
    fromValues(
      "i64",
      shape,
      Array.from({ length: n }, (_, i) => BigInt(i)),
    ),
  );

/** (batch, length, heads * size) as (batch, heads, length, size). */
function split(p: PatchBuilder, x: ValueId, heads: number): ValueId {
  const shape = p.value(x).shape as readonly number[];
  if (shape.length === 4) return x;
  return p.add("transpose", [reshape(p, x, [shape[0]!, shape[1]!, heads, shape[2]! / heads])], { perm: [0, 2, 1, 3] });
}

const withPast = (p: PatchBuilder, past: ValueId | null | undefined, x: ValueId): ValueId =>
  past == null ? x : p.add("concat", [past, x], { axis: 2 });

/** A mask that is shorter than the keys hides the rest of them. */
function fullMask(p: PatchBuilder, mask: ValueId, all: number): ValueId {
  const shape = p.value(mask).shape as readonly number[];
  const short = all - (shape.at(-1) ?? all);
  if (short <= 0 || shape.at(-1) === 1) return mask;
  const { dtype } = p.value(mask);
  const hidden = scalar(p, dtype, dtype === "bool" ? 0 : -Infinity);
  return p.add("concat", [mask, p.add("expand", [hidden], { shape: [...shape.slice(0, -1), short] })], { axis: shape.length - 1 });
}

/** Scores with the mask added, and -inf where a query must not look. */
function masked(p: PatchBuilder, node: Node, scores: ValueId, s: AttentionSizes<number>): ValueId {
  const [, , , mask, pastKey, , nonpad] = node.inputs;
  const { dtype } = p.value(scores);
  const all = s.past + s.fresh;
  const hidden = scalar(p, dtype, -Infinity);
  const hide = (x: ValueId, where: ValueId): ValueId => p.add("where", [where, hidden, x]);
  let y = scores;
  if (mask != null) {
    const full = fullMask(p, mask, all);
    y = p.value(full).dtype === "bool" ? p.add("where", [full, y, hidden]) : p.add("add", [y, cast(p, full, dtype)]);
  }
  const known = nonpad == null ? undefined : cast(p, reshape(p, nonpad, [s.batch, 1, 1, 1]), "i64");
  if (node.attrs["causal"] === true) {
    const rows = counting(p, s.length, [s.length, 1]);
    const offset =
      known !== undefined && pastKey == null
        ? p.add("sub", [known, p.constant("", fromValues("i64", [], [BigInt(s.length)]))])
        : p.constant("", fromValues("i64", [], [BigInt(s.past)]));
    y = hide(y, p.add("greater", [counting(p, all, [1, all]), p.add("add", [rows, offset])]));
  }
  return known === undefined ? y : hide(y, p.add("greater-equal", [counting(p, all, [1, all]), known]));
}

function softcapped(p: PatchBuilder, x: ValueId, cap: number): ValueId {
  if (!(cap > 0)) return x;
  const by = scalar(p, p.value(x).dtype, cap);
  return p.add("mul", [p.add("tanh", [p.add("div", [x, by])]), by]);
}

function attention(node: Node, e: GraphEditor): Patch | undefined {
  const s = staticSizes(
    node.inputs.map((id) => (id === null ? undefined : e.value(id).shape)),
    node.attrs,
  );
  if (s === undefined) return undefined;
  const p = e.patch(node);
  const [q, k, v, , pastKey, pastValue] = node.inputs as readonly [ValueId, ValueId, ValueId, ...(ValueId | null | undefined)[]];
  const { dtype } = e.value(q);
  const all = s.past + s.fresh;
  const [keys, values] = [withPast(p, pastKey, split(p, k, s.kvHeads)), withPast(p, pastValue, split(p, v, s.kvHeads))];
  const scale = scalar(p, dtype, (node.attrs["scale"] as number | undefined) ?? 1 / Math.sqrt(s.size));
  // Heads that share keys become more rows of one product.
  const group = s.heads / s.kvHeads;
  const rows = (x: ValueId, width: number): ValueId => (group === 1 ? x : reshape(p, x, [s.batch, s.kvHeads, group * s.length, width]));
  const heads = (x: ValueId, width: number): ValueId => (group === 1 ? x : reshape(p, x, [s.batch, s.heads, s.length, width]));
  // The scale is a factor of the scores, which a nest has in registers.
  const queries = rows(split(p, q, s.heads), s.size);
  const product = heads(p.add("mul", [p.add("matmul", [queries, keys], { transB: true }), scale]), all);
  const capped = softcapped(p, product, node.attrs["softcap"] as number);
  const biased = masked(p, node, capped, s);
  const wide = (node.attrs["softmaxType"] as DType | undefined) ?? dtype;
  const weights = cast(p, p.add("softmax", [cast(p, biased, wide)], { axis: -1 }), dtype);
  const mixed = heads(p.add("matmul", [rows(weights, all), cast(p, values, dtype)]), s.valueSize);
  const flat = e.value(q).shape!.length === 3;
  const y = flat ? reshape(p, p.add("transpose", [mixed], { perm: [0, 2, 1, 3] }), [s.batch, s.length, s.heads * s.valueSize]) : mixed;
  const stages: Readonly<Record<string, ValueId>> = { product, softcap: capped, mask: biased, softmax: weights };
  return p.done([y, keys, values, stages[String(node.attrs["scores"])]].slice(0, node.outputs.length));
}

/** Rows of the tables for each token: (batch, length, half), or (1, length, half). */
function tableRows(p: PatchBuilder, node: Node, table: ValueId, length: number): ValueId {
  const positions = node.inputs[3];
  if (positions == null) return table;
  const shape = p.value(positions).shape as readonly number[];
  if (shape.length === 2 && shape[1] === length) return p.add("gather", [table, positions], { axis: 0 });
  const first = cast(p, reshape(p, positions, [1, 1]), "i64");
  return p.add("gather", [table, p.add("add", [first, counting(p, length, [1, length])])], { axis: 0 });
}

function rotary(node: Node, e: GraphEditor): Patch | undefined {
  const [x, cosTable, sinTable, positions] = node.inputs as readonly [ValueId, ValueId, ValueId, ValueId | null | undefined];
  const [shape, table] = [e.staticShape(x), e.staticShape(cosTable)];
  if (shape === undefined || table === undefined || (positions != null && e.staticShape(positions) === undefined)) return undefined;
  const sizes = rotarySizes(shape, node.attrs, table.at(-1)!);
  if (typeof sizes === "string") return undefined;
  const { batch, heads, length, size, rotated } = sizes;
  const [p, half] = [e.patch(node), rotated / 2];
  const cut = (v: ValueId, axis: number, start: number, end: number): ValueId =>
    start === 0 && end === p.value(v).shape![axis] ? v : p.add("slice", [v], { starts: [start], ends: [end], axes: [axis], steps: [1] });
  // Heads stay where they are; the tables get an axis of extent 1 for them.
  const flat = shape.length === 3;
  const wide = flat ? reshape(p, x, [batch, length, heads, size]) : x;
  const factor = (t: ValueId): ValueId => {
    const rows = cut(tableRows(p, node, t, length), 2, 0, half);
    const [b] = p.value(rows).shape as readonly number[];
    return reshape(p, rows, flat ? [b!, length, 1, half] : [b!, 1, length, half]);
  };
  const [cos, sin] = [factor(cosTable), factor(sinTable)];
  const turning = cut(wide, 3, 0, rotated);
  const interleaved = node.attrs["interleaved"] === true;
  const part = (i: number): ValueId =>
    interleaved
      ? p.add("slice", [turning], { starts: [i], ends: [rotated], axes: [3], steps: [2] })
      : cut(turning, 3, i * half, (i + 1) * half);
  const [a, b] = [part(0), part(1)];
  const real = p.add("sub", [p.add("mul", [cos, a]), p.add("mul", [sin, b])]);
  const imaginary = p.add("add", [p.add("mul", [sin, a]), p.add("mul", [cos, b])]);
  const outer = (p.value(wide).shape as readonly number[]).slice(0, 3);
  const pairs = (v: ValueId): ValueId => reshape(p, v, [...outer, half, 1]);
  const turned = interleaved
    ? reshape(p, p.add("concat", [pairs(real), pairs(imaginary)], { axis: 4 }), [...outer, rotated])
    : p.add("concat", [real, imaginary], { axis: 3 });
  const whole = rotated === size ? turned : p.add("concat", [turned, cut(wide, 3, rotated, size)], { axis: 3 });
  return p.done(flat ? reshape(p, whole, shape) : whole);
}

export const attentionRules: readonly Rule[] = [
  { name: "decompose/attention", ops: ["attention"], rewrite: attention },
  { name: "decompose/rotary-embedding", ops: ["rotary-embedding"], rewrite: rotary },
];
