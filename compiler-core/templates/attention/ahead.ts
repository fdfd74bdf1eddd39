/**
 * Operands of the next head and the place of this one's result, brought near while the products of this head are computed: the register tiles
 * leave the memory idle, and packing, reading them for the first time or writing would wait for it.
 */
import { elements, valueOf } from "../../graph/ir.ts";
import type { Node } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Ref, Stmt } from "../../tensor/ir.ts";
import type { GemmShape } from "../gemm-shape.ts";
import { unlinear } from "../module-builder.ts";
import { operand, resultOf, type TemplateCall } from "../template.ts";
import type { NestCall } from "./block.ts";
import { matrixStrides, scratchPitch } from "./operands.ts";
import { placed } from "./place.ts";
import { makersOf } from "./pre-part.ts";
import type { BlockPlace } from "./values.ts";

/** A matrix to bring near, from the row on that belongs to the block. */
interface Ahead {
  readonly name: "ahead" | "ahead2" | "result";
  readonly ref: Ref;
  readonly rows: number;
  readonly width: number;
  readonly pitch: number;
}

/** A product, and which of its operands. */
interface Source {
  readonly name: Ahead["name"];
  readonly node: Node;
  readonly at: 0 | 1;
  readonly shape: GemmShape;
}

/** The call of the first product brings queries, keys and the place of the result near, that of the second the values. */
export function keysAhead(c: NestCall, place: BlockPlace, call: Stmt): Stmt {
  const { scores, s } = c.nest;
  if (!takesAhead(c, call)) return call;
  const found = [
    operandAhead(c, place, s, { name: "ahead", node: scores, at: 0, shape: s }),
    operandAhead(c, place, s, { name: "ahead2", node: scores, at: 1, shape: s }),
    c.params.stream ? undefined : resultAhead(c, place),
  ];
  return withAhead(call, place, s, found);
}

export function valuesAhead(c: NestCall, place: BlockPlace, call: Stmt): Stmt {
  const { mix, o } = c.nest;
  if (mix === undefined || o === undefined || !takesAhead(c, call)) return call;
  return withAhead(call, place, o, [operandAhead(c, place, o, { name: "ahead", node: mix, at: 1, shape: o })]);
}

const takesAhead = (c: NestCall, call: Stmt): call is Extract<Stmt, { k: "kernel" }> =>
  call.k === "kernel" && call.kernel === "gemm_f32" && c.next !== undefined && fits(c);

/** The call with what it brings near: element by element beside its own result, so no larger than that. */
function withAhead(
  call: Extract<Stmt, { k: "kernel" }>,
  place: BlockPlace,
  product: GemmShape,
  found: readonly (Ahead | undefined)[],
): Stmt {
  const taken = found.filter((f) => f !== undefined).filter((f) => f.rows <= product.m && f.width <= product.n);
  const left = (rows: number): Expr =>
    rows === product.m ? x.index(-1) : place.row.k === "const" ? x.index(rows) : x.sub(x.index(rows), place.row);
  return {
    ...call,
    refs: { ...call.refs, ...Object.fromEntries(taken.map(({ name, ref }) => [name, ref])) },
    args: {
      ...call.args,
      ...Object.fromEntries(
        taken.flatMap(({ name, rows, width, pitch }) => [
          [`${name}_rows`, left(rows)],
          [`${name}_width`, x.index(width === product.n ? -1 : width)],
          [`${name}_pitch`, x.index(pitch)],
        ]),
      ),
    },
  };
}

function operandAhead(
  { call, nest, next }: NestCall,
  place: BlockPlace,
  product: GemmShape,
  { name, node, at, shape }: Source,
): Ahead | undefined {
  const { storage, graph } = call;
  const value = operand(node, at);
  const extents = storage.shape(value);
  const [rows, width] = [extents.at(-2) ?? 1, extents.at(-1) ?? 1];
  if (next === undefined || elements(extents.slice(0, -2)) < 2 || makersOf(nest.pre, value).length > 0) return undefined;
  if (valueOf(graph, value).layout !== "plain" || valueOf(graph, value).dtype !== "f32" || rows > product.m) return undefined;
  const strides = matrixStrides(call, value);
  if (strides.col !== 1) return undefined;
  const batch = unlinear(next, shape.batch);
  const lead = at === 0 ? shape.aBatch(batch) : shape.bBatch(batch);
  // A block of rows beyond the operand's last one has none of it.
  const from = rows === product.m || place.row.k === "const" ? place.row : x.binary("min", place.row, x.index(rows - 1));
  return { name, ref: storage.ref(value, { index: [...lead, from, x.index(0)] }), rows, width, pitch: strides.row };
}

/** Where the rows of this block will be written. */
function resultAhead({ call, nest }: NestCall, place: BlockPlace): Ahead | undefined {
  const { o, mix } = nest;
  if (mix === undefined || o === undefined || o.aIsVector) return undefined;
  const written = nest.place.at(-1) ?? [mix, ...nest.post].filter((n) => call.escaping.has(resultOf(n))).at(-1);
  if (written === undefined || valueOf(call.graph, resultOf(written)).dtype !== "f32") return undefined;
  const at = (batch: readonly Expr[], row: Expr, col: Expr): Ref =>
    nest.place.length > 0
      ? placed(call.storage, nest.place, [...batch, row, col])
      : call.storage.ref(resultOf(written), { index: [...batch, row, col] });
  const first = o.batch.map(() => x.index(0));
  const offset = (row: number, col: number): number | undefined => offsetOf(call, at(first, x.index(row), x.index(col)));
  const [origin, row, last, col] = [offset(0, 0), offset(1, 0), offset(o.m - 1, 0), offset(0, o.n - 1)];
  if (o.m < 2 || origin === undefined || row === undefined || last === undefined || col === undefined) return undefined;
  const pitch = row - origin;
  if (last - origin !== (o.m - 1) * pitch || col - origin !== o.n - 1) return undefined;
  return { name: "result", ref: at(unlinear(place.flat, o.batch), place.row, x.index(0)), rows: o.m, width: o.n, pitch };
}

/** The row-major offset of a place whose indices are numbers. */
function offsetOf({ builder }: TemplateCall, { buffer, index }: Ref): number | undefined {
  const { shape } = builder.bufferOf(buffer);
  return index.reduce<number | undefined>((offset, e, axis) => {
    const i = numberOf(e);
    return offset === undefined || i === undefined ? undefined : offset * (shape[axis] ?? 1) + i;
  }, 0);
}

function numberOf(e: Expr): number | undefined {
  if (e.k === "const") return Number(e.value);
  if (e.k !== "binary") return undefined;
  const [a, b] = [numberOf(e.a), numberOf(e.b)];
  if (a === undefined || b === undefined) return undefined;
  if (e.op === "add") return a + b;
  if (e.op === "sub") return a - b;
  if (e.op === "mul") return a * b;
  if (e.op === "div") return Math.floor(a / b);
  return e.op === "mod" ? a % b : undefined;
}

/** What is there now and what comes next have room in the second-level cache. */
function fits({ call, nest, params }: NestCall): boolean {
  const { s, o } = nest;
  const operands = s.n * (s.k + (o?.n ?? 0));
  const scratch = Math.min(params.rows, s.m) * (scratchPitch(s.n) + s.k);
  return 4 * (2 * operands + s.m * s.k + scratch) <= call.machine.caches.l2 * 0.9;
}
