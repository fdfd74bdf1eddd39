/**
 * What products on packed right operands share: `depth` rows of the operand are interleaved in panels of columns,
 * [n / panel][k / depth][panel][depth], zero padded.
 */
import type { DType } from "../../support/dtype.ts";
import { shapeText } from "../dims.ts";
import { allocate, count, type Mode, type NdArray, type NumberArray } from "../ndarray.ts";
import {
  boolAttr,
  elementCount,
  intAttr,
  noFlops,
  refuse,
  type AttrSpec,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

export interface PanelFormat {
  /** Rows of the operand that lie together: the products of one step of the kernel. */
  readonly depth: number;
  /** Type of the packed elements. */
  readonly dtype: DType;
  /** Types that can be packed. */
  readonly from: readonly DType[];
  /** Types of the left operand. */
  readonly left: readonly DType[];
  /** Type of the sums. */
  readonly sum: "f32" | "i32";
}

/** Where element (p, j) of a k-row operand lies. */
const placeOf = (p: number, j: number, k: number, panel: number, depth: number): number =>
  (Math.floor(j / panel) * Math.ceil(k / depth) + Math.floor(p / depth)) * panel * depth + (j % panel) * depth + (p % depth);

/** An operand's extents as K x N. */
const asKxN = <D>([rows, columns]: readonly D[], transB: boolean): readonly [D | undefined, D | undefined] =>
  transB ? [columns, rows] : [rows, columns];

export interface Packing {
  readonly what: string;
  /** What is stored of an element. */
  readonly element: (value: number, dtype: DType, mode: Mode) => number;
  /** The sums of the packed columns are a second result. */
  readonly columnSums: boolean;
}

/** The operator that packs a right operand, K x N or (`transB`) N x K. */
export function packOp({ depth, dtype, from, sum }: PanelFormat, { what, element, columnSums }: Packing): Op {
  const infer = ({ inputs, attrs }: InferCall): Inferred => {
    const b = inputs[0]!;
    const [k, n] = asKxN(b.shape ?? [], boolAttr(attrs, "transB"));
    if (!from.includes(b.dtype)) return refuse("dtype", `operands of type ${b.dtype} are not packed`);
    if (b.shape?.length !== 2 || typeof k !== "number" || typeof n !== "number")
      return refuse("shape", `an operand of ${shapeText(b.shape)} is not a matrix`);
    const panel = intAttr(attrs, "panel");
    const panels: TensorType = { dtype, shape: [Math.ceil(n / panel), Math.ceil(k / depth), panel, depth] };
    return columnSums ? [panels, { dtype: sum, shape: [n] }] : [panels];
  };
  const evaluate = ({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] => {
    const b = inputs[0]!;
    const transB = boolAttr(attrs, "transB");
    const [k = 0, n = 0] = asKxN(b.shape, transB);
    const made = outputs.map((t) => allocate(t.dtype, t.shape, mode));
    const [panels, sums] = made.map((m) => m.data as NumberArray);
    for (let p = 0; p < k; p++)
      for (let j = 0; j < n; j++) {
        const x = element(Number(b.data[transB ? j * k + p : p * n + j]), b.dtype, mode);
        panels![placeOf(p, j, k, intAttr(attrs, "panel"), depth)] = x;
        if (sums !== undefined) sums[j]! += x;
      }
    return made;
  };
  return {
    what,
    arity: [1, 1],
    outputs: columnSums ? [2, 2] : [1, 1],
    attrs: {
      panel: { kind: "int", what: "columns of a panel" },
      transB: { kind: "bool", default: false, what: "the operand lies as N x K" },
    },
    traits: ["movement"],
    infer,
    eval: evaluate,
    flops: noFlops,
  };
}

export interface PackedProduct {
  readonly what: string;
  readonly arity: readonly [number, number];
  /** Beside `n` and `kernel`. */
  readonly attrs?: Readonly<Record<string, AttrSpec>>;
  /** What is taken off the elements of the left operand and of a column of the right one; absent: nothing. */
  readonly zeros?: (call: EvalCall) => { readonly left: number; readonly column: (j: number) => number };
}

const noZeros = { left: 0, column: () => 0 };

/** The product of [..., K] with packed panels: [..., n]. */
export function packedProductOp({ depth, dtype, left, sum }: PanelFormat, { what, arity, attrs: more, zeros }: PackedProduct): Op {
  const infer = ({ inputs, attrs }: InferCall): Inferred => {
    const [a, panels] = inputs as readonly [TensorType, TensorType];
    if (!left.includes(a.dtype) || panels.dtype !== dtype)
      return refuse("dtype", `packed products are of ${left.join(" or ")} and ${dtype}, not of ${a.dtype} and ${panels.dtype}`);
    if (a.shape === undefined) return [{ dtype: sum, shape: undefined }];
    const k = a.shape.at(-1);
    const expected = typeof k === "number" ? Math.ceil(k / depth) : undefined;
    if (expected !== undefined && panels.shape?.[1] !== expected)
      return refuse("shape", `an operand of ${shapeText(a.shape)} does not fit panels of ${shapeText(panels.shape)}`);
    return [{ dtype: sum, shape: [...a.shape.slice(0, -1), intAttr(attrs, "n")] }];
  };
  const evaluate = (call: EvalCall): readonly NdArray[] => {
    const { inputs, attrs, outputs, mode } = call;
    const [a, panels] = inputs as readonly [NdArray, NdArray];
    const out = allocate(sum, outputs[0]!.shape, mode);
    const [n, k, panel] = [intAttr(attrs, "n"), a.shape.at(-1)!, panels.shape[2]!];
    const round = sum === "f32" && mode !== "f64" ? Math.fround : (v: number): number => v;
    const zero = zeros?.(call) ?? noZeros;
    for (let i = 0; i < count(a.shape.slice(0, -1)); i++)
      for (let j = 0; j < n; j++) {
        const less = zero.column(j);
        let total = 0;
        for (let p = 0; p < k; p++)
          total += (Number(a.data[i * k + p]) - zero.left) * (Number(panels.data[placeOf(p, j, k, panel, depth)]) - less);
        (out.data as NumberArray)[i * n + j] = round(total);
      }
    return [out];
  };
  return {
    what,
    arity,
    outputs: [1, 1],
    attrs: { n: { kind: "int", what: "columns" }, kernel: { kind: "string", what: "the microkernel" }, ...more },
    traits: ["matmul"],
    infer,
    eval: evaluate,
    flops: (c) => 2 * elementCount(c.outputs[0]!) * (c.inputs[0]!.shape.at(-1) ?? 1),
  };
}
