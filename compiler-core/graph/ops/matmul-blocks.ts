/**
 * Products with weights of 4 bits that have a scale for each block of k (ONNX Runtime's MatMulNBits, DequantizeLinear with blocks): `matmul-blocks`
 * multiplies with the weight as the model has it; `pack-blocks` puts it into the panels of the kernels that decode it, and `matmul-i4` multiplies with
 * those. The first is made by the importer and by `low-precision`, the others by `pack-weights`.
 */
import { roundFloat } from "../../tensor/rounding.ts";
import { i4Block, i4Panels } from "../../kernels/gemm-i4.ts";
import { shapeText } from "../dims.ts";
import type { Attrs } from "../ir.ts";
import { allocate, count, type Mode, type NdArray, type NumberArray } from "../ndarray.ts";
import {
  boolAttr,
  elementCount,
  intAttr,
  noFlops,
  refuse,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

const blockAttrs = {
  block: { kind: "int", what: "steps of k that share a scale" },
  transB: { kind: "bool", default: false, what: "the weight lies as N x K" },
  zero: { kind: "int", default: 0, what: "the zero point where there are none" },
} as const;

const isNibble = (dtype: string): boolean => dtype === "u4" || dtype === "i4";
const scaleTypes = ["f32", "f16", "bf16"];

/** Extents of a weight, as K x N. */
function extents(weight: TensorType, attrs: Attrs): readonly [number, number] | undefined {
  const [rows, columns] = weight.shape ?? [];
  if (typeof rows !== "number" || typeof columns !== "number" || weight.shape?.length !== 2) return undefined;
  return boolAttr(attrs, "transB") ? [columns, rows] : [rows, columns];
}

/** Why weight, scales and zero points do not fit each other. */
function misfit([weight, scales, zeros]: readonly (TensorType | null | undefined)[], attrs: Attrs): ReturnType<typeof refuse> | undefined {
  if (weight == null || scales == null) return refuse("shape", "weight or scales are missing");
  if (!isNibble(weight.dtype) || !scaleTypes.includes(scales.dtype))
    return refuse("dtype", `weights of type ${weight.dtype} with scales of type ${scales.dtype} are not supported`);
  if (zeros != null && zeros.dtype !== weight.dtype) return refuse("dtype", `zero points are ${zeros.dtype}, the weight ${weight.dtype}`);
  const size = extents(weight, attrs);
  if (size === undefined) return refuse("shape", `a weight of ${shapeText(weight.shape)} is not a matrix of known extents`);
  const blocks = Math.ceil(size[0] / intAttr(attrs, "block"));
  const wanted = boolAttr(attrs, "transB") ? [size[1], blocks] : [blocks, size[1]];
  const alien = [scales, zeros].find((t) => t?.shape !== undefined && String(t.shape) !== String(wanted));
  return alien == null
    ? undefined
    : refuse("shape", `scales of ${shapeText(alien.shape)} do not fit blocks of a weight of ${shapeText(weight.shape)}`);
}

function inferProduct({ inputs, attrs }: InferCall): Inferred {
  const [a, weight, ...parameters] = inputs;
  const wrong = misfit([weight, ...parameters], attrs);
  if (wrong !== undefined) return wrong;
  if (a?.dtype !== "f32") return refuse("dtype", `a left operand of type ${a?.dtype} is not supported`);
  const [k, n] = extents(weight!, attrs)!;
  if (a.shape === undefined) return [{ dtype: "f32", shape: undefined }];
  const own = a.shape.at(-1);
  if (a.shape.length === 0 || (typeof own === "number" && own !== k))
    return refuse("shape", `${shapeText(a.shape)} times a weight of ${k} x ${n}: the inner extents differ`);
  return [{ dtype: "f32", shape: [...a.shape.slice(0, -1), n] }];
}

/** (q - zero) * scale of step p and column j. */
function decoder(
  [weight, scales, zeros]: readonly (NdArray | null | undefined)[],
  attrs: Attrs,
  mode: Mode,
): (p: number, j: number) => number {
  const transB = boolAttr(attrs, "transB");
  const block = intAttr(attrs, "block");
  const otherwise = intAttr(attrs, "zero");
  const [rows, columns] = weight!.shape as readonly [number, number];
  const k = transB ? columns : rows;
  const blocks = Math.ceil(k / block);
  const n = transB ? rows : columns;
  const round = mode === "f64" ? (v: number) => v : Math.fround;
  return (p, j) => {
    const at = transB ? j * blocks + Math.floor(p / block) : Math.floor(p / block) * n + j;
    const q = Number(weight!.data[transB ? j * k + p : p * n + j]);
    return round((q - (zeros == null ? otherwise : Number(zeros.data[at]))) * Number(scales!.data[at]));
  };
}

function multiply(a: NdArray, k: number, n: number, weight: (p: number, j: number) => number, out: TensorType, mode: Mode): NdArray {
  const result = allocate("f32", out.shape as readonly number[], mode);
  const rows = count(a.shape.slice(0, -1));
  const column = new Float64Array(k);
  for (let j = 0; j < n; j++) {
    for (let p = 0; p < k; p++) column[p] = weight(p, j);
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += Number(a.data[i * k + p]) * column[p]!;
      (result.data as NumberArray)[i * n + j] = mode === "f64" ? sum : roundFloat("f32", sum);
    }
  }
  return result;
}

export const matmulBlocks: Op = {
  what: "a times a weight of 4 bits, (weight - zero point) * scale, with a scale for each block of k",
  arity: [3, 4],
  outputs: [1, 1],
  attrs: { ...blockAttrs, leftBits: { kind: "int", default: 32, what: "bits that the left operand may be rounded to, block by block" } },
  traits: ["matmul"],
  infer: inferProduct,
  eval: ({ inputs, attrs, outputs, mode }: EvalCall) => {
    const [a, weight, ...parameters] = inputs;
    const [k, n] = extents(weight!, attrs)!;
    return [multiply(a!, k, n, decoder([weight, ...parameters], attrs, mode), outputs[0]!, mode)];
  },
  flops: (c) => 2 * elementCount(c.outputs[0]!) * (c.inputs[0]!.shape.at(-1) ?? 1),
};

/** Steps of the kernels' blocks. */
const blocksOf = (k: number): number => Math.ceil(k / i4Block);

function inferPack({ inputs, attrs, outputs }: InferCall): Inferred {
  const wrong = misfit(inputs, attrs);
  if (wrong !== undefined) return wrong;
  const [k, n] = extents(inputs[0]!, attrs)!;
  const panel = intAttr(attrs, "panel");
  if (intAttr(attrs, "block") % i4Block !== 0) return refuse("shape", `blocks of ${intAttr(attrs, "block")} are not packed`);
  const columns = [Math.ceil(n / panel), blocksOf(k), panel];
  const types: TensorType[] = [
    { dtype: "u8", shape: i4Panels(k, n, panel) },
    { dtype: "f32", shape: columns },
  ];
  return outputs === 3 ? [...types, { dtype: "u8", shape: columns }] : types;
}

/** Where steps 8 c + i and 8 c + i + 4 of a block lie: the low and the high half of byte i of lane (c, column). */
function evalPack({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [weight, scales, zeros] = inputs as readonly [NdArray, NdArray, (NdArray | null)?];
  const made = outputs.map((t) => allocate(t.dtype, t.shape, mode));
  const [panels, toScales, toZeros] = made.map((m) => m.data as NumberArray);
  const [k, n] = extents(weight, attrs)!;
  const [panel, block, transB] = [intAttr(attrs, "panel"), intAttr(attrs, "block"), boolAttr(attrs, "transB")];
  const shift = weight.dtype === "i4" ? 8 : 0;
  const [blocks, given] = [blocksOf(k), Math.ceil(k / block)];
  for (let j = 0; j < n; j++)
    for (let b = 0; b < blocks; b++) {
      const at = (Math.floor(j / panel) * blocks + b) * panel;
      const from = transB ? j * given + Math.floor((b * i4Block) / block) : Math.floor((b * i4Block) / block) * n + j;
      toScales![at + (j % panel)] = Number(scales.data[from]);
      if (toZeros !== undefined) toZeros[at + (j % panel)] = (zeros == null ? intAttr(attrs, "zero") : Number(zeros.data[from])) + shift;
      for (let s = 0; s < i4Block && b * i4Block + s < k; s++) {
        const p = b * i4Block + s;
        const q = Number(weight.data[transB ? j * k + p : p * n + j]) + shift;
        panels![at * 16 + (Math.floor(s / 8) * panel + (j % panel)) * 4 + (s % 4)]! |= q << (4 * (Math.floor(s / 4) % 2));
      }
    }
  return made;
}

export const packBlocks: Op = {
  what: "a weight of 4 bits in the panels of the kernels that decode it: eight steps of a column in one lane",
  arity: [2, 3],
  outputs: [2, 3],
  attrs: { ...blockAttrs, panel: { kind: "int", what: "columns of a panel" } },
  traits: ["movement"],
  infer: inferPack,
  eval: evalPack,
  flops: noFlops,
};

function inferPacked({ inputs, attrs }: InferCall): Inferred {
  const [a, panels, scales] = inputs as readonly [TensorType, TensorType, TensorType];
  if (a.dtype !== "f32" || panels.dtype !== "u8" || scales.dtype !== "f32")
    return refuse("dtype", "operands of other types than pack-blocks makes");
  if (a.shape === undefined) return [{ dtype: "f32", shape: undefined }];
  const k = a.shape.at(-1);
  if (typeof k === "number" && panels.shape?.[1] !== blocksOf(k))
    return refuse("shape", `an operand of ${shapeText(a.shape)} does not fit panels of ${shapeText(panels.shape)}`);
  return [{ dtype: "f32", shape: [...a.shape.slice(0, -1), intAttr(attrs, "n")] }];
}

export const matmulI4: Op = {
  what: "a times a weight from pack-blocks, decoded in the kernel",
  arity: [3, 4],
  outputs: [1, 1],
  attrs: { n: { kind: "int", what: "columns" }, kernel: { kind: "string", what: "the microkernel" } },
  traits: ["matmul"],
  infer: inferPacked,
  eval: ({ inputs, attrs, outputs, mode }: EvalCall) => {
    const [a, panels, scales, zeros] = inputs as readonly [NdArray, NdArray, NdArray, (NdArray | null)?];
    const k = a.shape.at(-1)!;
    const [blocks, panel] = [blocksOf(k), scales.shape[2]!];
    const weight = (p: number, j: number): number => {
      const at = (Math.floor(j / panel) * blocks + Math.floor(p / i4Block)) * panel;
      const s = p % i4Block;
      const byte = Number(panels.data[at * 16 + (Math.floor(s / 8) * panel + (j % panel)) * 4 + (s % 4)]);
      const q = (byte >> (4 * (Math.floor(s / 4) % 2))) & 15;
      return (q - (zeros == null ? 8 : Number(zeros.data[at + (j % panel)]))) * Number(scales.data[at + (j % panel)]);
    };
    return [multiply(a, k, intAttr(attrs, "n"), weight, outputs[0]!, mode)];
  },
  flops: (c) => 2 * elementCount(c.outputs[0]!) * (c.inputs[0]!.shape.at(-1) ?? 1),
};
