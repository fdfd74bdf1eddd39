/**
 * Operands of the next head and the place of this one's result, brought near while the products of this head are computed: the register tiles
 * leave the memory idle, and packing, reading them for the first time or writing would wait for it.
 */
import { elements, valueOf, type ValueId } from "../../graph/ir.ts";
import { kernelOf } from "../../kernels/index.ts";
import { dtypeBytes, isPacked } from "../../support/dtype.ts";
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
  /** Of an element. */
  readonly bytes: number;
  readonly rows: number;
  readonly width: number;
  readonly pitch: number;
}

/** An operand of a product as it lies in memory. */
interface Source {
  readonly name: Ahead["name"];
  readonly value: ValueId | undefined;
  readonly side: "left" | "right";
  readonly shape: GemmShape;
}

/** The call of the first product brings queries, keys and the place of the result near, that of the second the values. */
export function keysAhead(c: NestCall, place: BlockPlace, call: Stmt): Stmt {
  const { scores, s } = c.nest;
  if (!takesAhead(c, call)) return call;
  const { narrow } = c.right;
  const queries = narrow?.left?.value ?? operand(scores, 0);
  const keys = narrow === undefined ? operand(scores, 1) : narrow.from;
  const found = [
    operandAhead(c, place, s, { name: "ahead", value: queries, side: "left", shape: s }),
    operandAhead(c, place, s, { name: "ahead2", value: keys, side: "right", shape: s }),
    c.params.stream ? undefined : resultAhead(c, place),
  ];
  return withAhead(call, place, s, found);
}

export function valuesAhead(c: NestCall, place: BlockPlace, call: Stmt): Stmt {
  const { mix, o } = c.nest;
  if (mix === undefined || o === undefined || !takesAhead(c, call)) return call;
  const narrow = c.values?.narrow;
  const value = narrow === undefined ? operand(mix, 1) : narrow.from;
  return withAhead(call, place, o, [operandAhead(c, place, o, { name: "ahead", value, side: "right", shape: o })]);
}

const takesAhead = (c: NestCall, call: Stmt): call is Extract<Stmt, { k: "kernel" }> =>
  call.k === "kernel" && kernelOf(call.kernel).operands["ahead"] !== undefined && c.next !== undefined && fits(c);

/** Elements of `bytes` bytes in the lines that go beside `columns` columns of a result: one for each vector of f32. */
const beside = (columns: number, bytes: number): number => (columns * 4) / bytes;

/** The call with what it brings near: line by line beside its own result, so no larger than that. */
function withAhead(
  call: Extract<Stmt, { k: "kernel" }>,
  place: BlockPlace,
  product: GemmShape,
  found: readonly (Ahead | undefined)[],
): Stmt {
  const taken = found.filter((f) => f !== undefined).filter((f) => f.rows <= product.m && f.width <= beside(product.n, f.bytes));
  const left = (rows: number): Expr =>
    rows === product.m ? x.index(-1) : place.row.k === "const" ? x.index(rows) : x.sub(x.index(rows), place.row);
  return {
    ...call,
    refs: { ...call.refs, ...Object.fromEntries(taken.map(({ name, ref }) => [name, ref])) },
    args: {
      ...call.args,
      ...Object.fromEntries(
        taken.flatMap(({ name, rows, width, pitch, bytes }) => [
          [`${name}_rows`, left(rows)],
          [`${name}_width`, x.index(width === beside(product.n, bytes) ? -1 : width)],
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
  { name, value, side, shape }: Source,
): Ahead | undefined {
  const { storage, graph } = call;
  if (value === undefined) return undefined;
  const extents = storage.shape(value);
  const [rows, width] = [extents.at(-2) ?? 1, extents.at(-1) ?? 1];
  if (next === undefined || elements(extents.slice(0, -2)) < 2 || makersOf(nest.pre, value).length > 0) return undefined;
  const { layout, dtype } = valueOf(graph, value);
  if (layout !== "plain" || isPacked(dtype) || rows > product.m) return undefined;
  const strides = matrixStrides(call, value);
  if (strides.col !== 1) return undefined;
  const batch = unlinear(next, shape.batch);
  const lead = side === "left" ? shape.aBatch(batch) : shape.bBatch(batch);
  // A block of rows beyond the operand's last one has none of it.
  const from = rows === product.m || place.row.k === "const" ? place.row : x.binary("min", place.row, x.index(rows - 1));
  const bytes = dtypeBytes(dtype, 1);
  return { name, ref: storage.ref(value, { index: [...lead, from, x.index(0)] }), bytes, rows, width, pitch: strides.row };
}

/** Where the rows of this block will be written. */
function resultAhead({ call, nest }: NestCall, place: BlockPlace): Ahead | undefined {
  const { o, mix } = nest;
  if (mix === undefined || o === undefined || o.aIsVector) return undefined;
  const written = nest.place.at(-1) ?? [mix, ...nest.post].filter((n) => call.escaping.has(resultOf(n))).at(-1);
  const dtype = written && valueOf(call.graph, resultOf(written)).dtype;
  if (written === undefined || dtype === undefined || isPacked(dtype)) return undefined;
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
  return {
    name: "result",
    ref: at(unlinear(place.flat, o.batch), place.row, x.index(0)),
    bytes: dtypeBytes(dtype, 1),
    rows: o.m,
    width: o.n,
    pitch,
  };
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
function fits({ call, nest, params, right, values }: NestCall): boolean {
  const { s, o } = nest;
  const [keys, mixed] = [right.narrow, values?.narrow].map((n) => (n === undefined ? 4 : n.acc === "i32" ? 1 : 2)) as [number, number];
  const operands = s.n * (s.k * keys + (o?.n ?? 0) * mixed);
  const scratch = Math.min(params.rows, s.m) * (scratchPitch(s.n) + s.k);
  return 2 * operands + s.m * s.k * keys + 4 * scratch <= call.machine.caches.l2 * 0.9;
}
