/** Random graphs over the operators of the table: shared values, several outputs, odd extents. */
import { Random } from "../workloads/prng.ts";
import type { FuzzCase } from "./case.ts";
import { Draw, type Row } from "./draw.ts";
import { contractionRows } from "./operators/contraction.ts";
import { elementwiseRows } from "./operators/elementwise.ts";
import { holeRows } from "./operators/holes.ts";
import { movementRows } from "./operators/movement.ts";
import { moreRows } from "./operators/more.ts";
import { patternRows } from "./operators/patterns.ts";

export const rows: readonly Row[] = [...elementwiseRows, ...movementRows, ...contractionRows, ...patternRows, ...moreRows];
const lottery: readonly Row[] = rows.flatMap((r) => new Array<Row>(r.weight).fill(r));

/** As many picks of operators that run on ONNX Runtime as of others, so that many parts follow each other. */
const lotteryWithHoles: readonly Row[] = [...lottery, ...Array.from({ length: lottery.length }, (_, i) => holeRows[i % holeRows.length]!)];

/** The case of a seed: 2 to 12 picks from the table. */
export const generate = (seed: string): FuzzCase => drawn(seed, lottery, 12);

/** A case in which parts that are not compiled stand between others: 3 to 16 picks. */
export const generateWithHoles = (seed: string): FuzzCase => drawn(seed, lotteryWithHoles, 16);

function drawn(seed: string, from: readonly Row[], most: number): FuzzCase {
  const d = new Draw(new Random(seed));
  d.input("f32", d.shape(1, 4));
  if (d.chance(0.5)) d.input("f32", d.shape(0, 3));
  if (d.chance(0.3)) d.input(d.one(["i32", "i64", "bool"] as const), d.shape(0, 3));
  const wanted = d.random.integer(from === lottery ? 2 : 3, most);
  for (let tries = 0, picked = 0; picked < wanted && tries < 5 * most; tries++) {
    const before = d.nodes.length;
    d.one(from).make(d);
    if (d.nodes.length > before) picked++;
  }
  return {
    seed,
    inputs: d.inputs,
    constants: d.constants,
    nodes: d.nodes,
    outputs: results(d),
    ...(d.declared.length > 0 ? { declared: d.declared } : {}),
  };
}

/** What nobody reads, and now and then something that is read too. */
function results(d: Draw): FuzzCase["outputs"] {
  const read = new Set(d.nodes.flatMap((n) => [...n.inputs, ...(n.captures ?? [])]));
  const made = new Set(d.nodes.flatMap((n) => n.outputs));
  const list = d.values.filter((v) => made.has(v.name) && (!read.has(v.name) || d.chance(0.1)));
  return [...list.map(({ name, dtype }) => ({ name, dtype })), ...d.hidden];
}
