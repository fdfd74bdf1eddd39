/**
 * Late operands: what ONNX passes as a tensor but a compiler needs as a number (pads, axes, repeats, k ...). An operator names them in its
 * row; once the tensor is known, an attribute takes its place. Inference and evaluation only ever look at the attribute.
 */
import type { Attrs, AttrValue } from "./ir.ts";
import type { NdArray, Scalar } from "./ndarray.ts";
import type { AttrKind, Op } from "./ops/op.ts";

/** The late operands of a row: attribute name and operand position. */
const lateOperands = (row: Op): readonly (readonly [string, number])[] => Object.entries(row.late ?? {});

/** Names of the late operands that are still tensors. */
export function pendingLate(row: Op, inputs: readonly unknown[]): readonly string[] {
  return lateOperands(row).flatMap(([name, i]) => (inputs[i] == null ? [] : [name]));
}

export interface Baked<T> {
  readonly inputs: readonly (T | null)[];
  readonly attrs: Attrs;
}

/**
 * Operands whose data `known` gives, as attributes; the same object when there are none. Trailing absent operands are dropped, but never
 * below the operator's least number.
 */
export function bakeLate<T>(row: Op, call: Baked<T>, known: (i: number) => NdArray | undefined): Baked<T> {
  if (row.late === undefined) return call;
  const inputs = [...call.inputs];
  const attrs: Record<string, AttrValue> = { ...call.attrs };
  let found = false;
  for (const [name, i] of lateOperands(row)) {
    const data = inputs[i] == null ? undefined : known(i);
    if (data === undefined) continue;
    attrs[name] = asAttribute(data, row.attrs[name]?.kind ?? "ints");
    inputs[i] = null;
    found = true;
  }
  if (!found) return call;
  while (inputs.length > row.arity[0] && inputs.at(-1) === null) inputs.pop();
  return { inputs, attrs: inSchemaOrder(row, attrs) };
}

const inSchemaOrder = (row: Op, attrs: Attrs): Attrs =>
  Object.fromEntries([...new Set([...Object.keys(row.attrs), ...Object.keys(attrs)])].filter((k) => k in attrs).map((k) => [k, attrs[k]]));

/** A call whose operands are all there, its late ones as attributes in canonical form: what evaluation looks at. */
export function canonicalLate(row: Op, call: Baked<NdArray>): Baked<NdArray> {
  const baked = bakeLate(row, call, (i) => call.inputs[i] ?? undefined);
  if (baked === call || row.normalise === undefined) return baked;
  return { inputs: baked.inputs, attrs: row.normalise(baked.inputs, baked.attrs) };
}

/**
 * The elements as an attribute of this kind: lists keep all of them, everything else the first. Positions are plain numbers: "to the end" is
 * often written as the largest integer there is, and need not be exact.
 */
function asAttribute(data: NdArray, kind: AttrKind): AttrValue {
  const exact = kind === "number" || kind === "numbers";
  const values: Scalar[] = Array.from(data.data as ArrayLike<Scalar>, exact ? safe : Number);
  if (kind === "ints" || kind === "dims" || kind === "numbers") return values as readonly number[];
  const first = values[0];
  return kind === "bool" ? Boolean(first) : first;
}

const safe = (v: Scalar): Scalar => (typeof v === "bigint" && Number.isSafeInteger(Number(v)) ? Number(v) : v);
