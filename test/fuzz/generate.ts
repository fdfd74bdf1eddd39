/** Random graphs over the operators of the table: shared values, several outputs, odd extents. */
import type { DType } from "../../compiler-core/support/dtype.ts";
import { Random } from "../workloads/prng.ts";
import { opset, type CaseInput, type FuzzCase } from "./case.ts";
import { Draw, type Row } from "./draw.ts";
import { attentionRows } from "./operators/attention.ts";
import { chainRows } from "./operators/chains.ts";
import { contractionRows } from "./operators/contraction.ts";
import { controlRows } from "./operators/control.ts";
import { elementwiseRows } from "./operators/elementwise.ts";
import { imageRows } from "./operators/images.ts";
import { holeRows } from "./operators/holes.ts";
import { indexingRows } from "./operators/indexing.ts";
import { movementRows } from "./operators/movement.ts";
import { moreRows } from "./operators/more.ts";
import { oldRows } from "./operators/old.ts";
import { patternRows } from "./operators/patterns.ts";
import { pictureRows } from "./operators/pictures.ts";
import { lowPrecisionRows } from "./operators/low-precision.ts";
import { quantisedNetworkRows } from "./operators/quantised-networks.ts";
import { quantisedRows } from "./operators/quantised.ts";
import { recurrentRows } from "./operators/recurrent.ts";
import { smallFloatRows } from "./operators/small-floats.ts";
import { specialRows } from "./operators/special.ts";
import { statisticsRows } from "./operators/statistics.ts";
import { transformerRows } from "./operators/transformers.ts";
import { typeRows } from "./operators/types.ts";

export const rows: readonly Row[] = [
  ...elementwiseRows,
  ...movementRows,
  ...contractionRows,
  ...patternRows,
  ...moreRows,
  ...attentionRows,
  ...chainRows,
  ...controlRows,
  ...indexingRows,
  ...pictureRows,
  ...lowPrecisionRows,
  ...quantisedRows,
  ...recurrentRows,
  ...statisticsRows,
  ...typeRows,
];
const lottery: readonly Row[] = rows.flatMap((r) => new Array<Row>(r.weight).fill(r));

const oldLottery: readonly Row[] = oldRows.flatMap((r) => new Array<Row>(r.weight).fill(r));

/** As many picks of operators that run on ONNX Runtime as of others, so that many parts follow each other. */
const lotteryWithHoles: readonly Row[] = [...lottery, ...Array.from({ length: lottery.length }, (_, i) => holeRows[i % holeRows.length]!)];

/** The newest opset that ONNX Runtime knows, too. */
const newest = 24;

/** The case of a seed: 2 to 12 picks from the table. */
export const generate = (seed: string): FuzzCase => drawn(seed, lottery, 12);

/** Rows of quantised operators as often as all others together. */
/** Rows of a kind, of which a graph of that family has more than of all others together. */
const families: Readonly<Record<string, readonly Row[]>> = {
  elementwise: [...elementwiseRows, ...typeRows, ...moreRows],
  movement: [...movementRows, ...indexingRows],
  products: [...contractionRows, ...chainRows, ...patternRows],
  statistics: statisticsRows,
  attention: attentionRows,
  transformers: transformerRows,
  "control and recurrent": [...controlRows, ...recurrentRows],
  images: pictureRows,
  "networks of images": imageRows,
  quantised: quantisedRows,
  "quantised networks": quantisedNetworkRows,
  "low precision": lowPrecisionRows,
  halves: smallFloatRows,
  "special numbers": specialRows,
};
/** One pick is a whole network. */
export const large: ReadonlySet<string> = new Set(["transformers", "networks of images", "quantised networks", "products of bf16"]);

const lotteries = new Map(
  Object.entries(families).map(([name, own]) => {
    const list = own.flatMap((r) => new Array<Row>(r.weight).fill(r));
    // Two of three picks are of the family.
    return [name, [...lottery, ...Array.from({ length: 2 * lottery.length }, (_, i) => list[i % list.length]!)]];
  }),
);

/** Only of rows that no rounding of an operand carries far. */
const bf16Lottery: readonly Row[] = transformerRows.flatMap((r) => new Array<Row>(r.weight).fill(r));

/** Families with a way of their own to draw a case. */
const otherFamilies: Readonly<Record<string, (seed: string) => FuzzCase>> = {
  "old opsets": (seed) => generateOld(seed),
  "products of bf16": (seed) => ({ ...drawn(seed, bf16Lottery, 2), options: { precision: "bf16", isa: "avx512-bf16" } }),
};
export const familyNames: readonly string[] = [...Object.keys(families), ...Object.keys(otherFamilies)];

/** A case of a family. */
export const generateOf = (family: string, seed: string): FuzzCase =>
  otherFamilies[family]?.(seed) ?? drawn(seed, lotteries.get(family) ?? lottery, large.has(family) ? 3 : 6);

/** A case of an opset before those, with the forms of its time. */
export const generateOld = (seed: string): FuzzCase => drawn(seed, oldLottery, 8, [7, 8, 9, 10, 11, 12, 13, 17]);

/** A case in which parts that are not compiled stand between others: 3 to 16 picks, all of which ONNX Runtime answers as we do. */
export function generateWithHoles(seed: string): FuzzCase {
  const one = drawn(seed, lotteryWithHoles, 16);
  return one.alone === true ? generateWithHoles(`${seed}+`) : one;
}

function drawn(seed: string, from: readonly Row[], most: number, opsets: readonly number[] = [opset, newest]): FuzzCase {
  const random = new Random(seed);
  const d = new Draw(random, opsets[random.integer(0, opsets.length - 1)]);
  d.input("f32", d.shape(1, 4));
  if (d.chance(0.5)) d.input("f32", d.shape(0, 3));
  if (d.chance(0.3)) d.input(d.one(["i32", "i64", "bool"] as const), d.shape(0, 3));
  const wanted = d.random.integer(most <= 3 ? 1 : from === lottery ? 2 : 3, most);
  for (let tries = 0, picked = 0; picked < wanted && tries < 5 * most; tries++) {
    const before = d.nodes.length;
    const row = d.one(from);
    if ((row.since ?? 1) <= d.opset && d.opset < (row.until ?? Infinity)) row.make(d);
    if (d.nodes.length > before) picked++;
  }
  return caseOf(seed, d);
}

/** What was drawn, as a case. */
export function caseOf(seed: string, d: Draw): FuzzCase {
  return {
    seed,
    opset: d.opset,
    ...(d.alone ? { alone: true } : {}),
    ...named(
      d,
      d.inputs.map(({ exact: _, bound: __, ...v }) => v),
    ),
    constants: d.constants,
    nodes: d.nodes,
    outputs: results(d),
    ...(d.declared.length > 0 ? { declared: d.declared } : {}),
  };
}

/** Some extents of the inputs under a name, as exporters write the batch and the length of a sequence. */
function named(d: Draw, inputs: readonly CaseInput[]): Pick<FuzzCase, "inputs" | "dims"> {
  const extents = inputs.flatMap((v) => v.shape);
  if (extents.length === 0 || !d.chance(0.25)) return { inputs };
  const extent = d.one(extents);
  const name = (v: CaseInput): CaseInput => {
    const stated = v.shape.map((e) => (e === extent && d.chance(0.7) ? "N" : e));
    return stated.includes("N") ? { ...v, stated } : v;
  };
  const list = inputs.map(name);
  return list.some((v) => v.stated !== undefined) ? { inputs: list, dims: { N: extent } } : { inputs };
}

/** Types that an output of a test can have. */
const shown: ReadonlySet<DType> = new Set(["f32", "f64", "f16", "bool", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"]);

/** What nobody reads, and now and then something that is read too. */
function results(d: Draw): FuzzCase["outputs"] {
  const read = new Set(d.nodes.flatMap((n) => [...n.inputs, ...(n.captures ?? [])]));
  const made = new Set(d.nodes.flatMap((n) => n.outputs));
  const list = d.values.filter((v) => shown.has(v.dtype) && made.has(v.name) && (!read.has(v.name) || d.chance(0.1)));
  return [...list.map(({ name, dtype }) => ({ name, dtype })), ...d.hidden];
}
