/**
 * Which node of one graph is which node of another. Within one file by lineage: nodes that come from the same ONNX nodes. Between two
 * files the imported graphs are matched by structure first, which says which ONNX node is which; lineage does the rest.
 */
import { links, type Links } from "../model/links.ts";
import type { NodeRow, Snapshot } from "../model/trace.ts";
import { Interner, neighbourhoods } from "./structure-hash.ts";

/** Node ids of the two sides. */
export class Pairs {
  readonly there = new Map<number, number>();
  readonly here = new Map<number, number>();

  /** False when one of them has its partner already. */
  add(a: number, b: number): boolean {
    if (this.there.has(a) || this.here.has(b)) return false;
    this.there.set(a, b);
    this.here.set(b, a);
    return true;
  }
}

/** ONNX node index of the first side -> that of the second. */
export type SourceMap = (source: number) => number | undefined;

/** Edges around a node that decide whether it is the same one; further neighbourhoods are tried first. Less in big graphs, which take long. */
const radiusOf = ({ nodes }: Snapshot): number => (nodes.size > 10_000 ? 3 : 6);

/** Pairs of two graphs that come from different files. */
export function matchByStructure(a: Snapshot, b: Snapshot): Pairs {
  const pairs = new Pairs();
  const interner = new Interner();
  const radius = radiusOf(a);
  const [ofA, ofB] = [neighbourhoods(a, radius, interner), neighbourhoods(b, radius, interner)];
  for (let level = radius; level >= 0; level -= 1) {
    pairUnique(
      pairs,
      a,
      b,
      (row) => String(ofA[level]?.get(row.id)),
      (row) => String(ofB[level]?.get(row.id)),
    );
    spread(pairs, a, b);
  }
  // Names come last: exporters number them, and one node more shifts all numbers after it.
  for (const named of [nameKey, shortNameKey]) {
    pairUnique(pairs, a, b, named, named);
    spread(pairs, a, b);
  }
  return pairs;
}

const nameKey = ({ op, name, id }: NodeRow): string => (name === "" ? `#${id}` : `${op} ${name}`);
/** Without what tools add to a name when they quantise or convert: `fc1/MatMul_quant` is `fc1/MatMul`. */
const shortNameKey = (row: NodeRow): string =>
  nameKey({ ...row, name: row.name.replace(/(?:_(?:quant|quantized|kernel|fp16|bf16|int8))+$/i, "") });

/** Pairs the nodes whose key nobody else has on either side. */
function pairUnique(pairs: Pairs, a: Snapshot, b: Snapshot, keyA: (row: NodeRow) => string, keyB: (row: NodeRow) => string): void {
  const lone = (rows: Iterable<NodeRow>, taken: ReadonlyMap<number, number>, key: (row: NodeRow) => string): Map<string, number> => {
    const found = new Map<string, number>();
    for (const row of rows) if (!taken.has(row.id)) found.set(key(row), found.has(key(row)) ? -1 : row.id);
    return found;
  };
  const others = lone(b.nodes.values(), pairs.here, keyB);
  for (const [key, id] of lone(a.nodes.values(), pairs.there, keyA)) {
    const other = others.get(key);
    if (id >= 0 && other !== undefined && other >= 0) pairs.add(id, other);
  }
}

/** From every pair to its neighbours: makers of the same operand, and the only readers of an operator. */
function spread(pairs: Pairs, a: Snapshot, b: Snapshot): void {
  const [linksA, linksB] = [links(a), links(b)];
  const queue = [...pairs.there];
  const meet = (x: number | undefined, y: number | undefined): void => {
    if (x === undefined || y === undefined || a.nodes.get(x)?.op !== b.nodes.get(y)?.op) return;
    if (pairs.add(x, y)) queue.push([x, y]);
  };
  for (let pair = queue.pop(); pair; pair = queue.pop()) {
    const [x, y] = [a.nodes.get(pair[0]), b.nodes.get(pair[1])];
    if (!x || !y) continue;
    x.inputs.forEach((value, i) => meet(linksA.producer.get(value), linksB.producer.get(y.inputs[i] ?? -1)));
    x.outputs.forEach((value, i) => {
      const [readers, others] = [loneReaders(a, linksA, value, pairs.there), loneReaders(b, linksB, y.outputs[i] ?? -1, pairs.here)];
      for (const [key, id] of readers) meet(id < 0 ? undefined : id, others.get(key));
    });
  }
}

/** Readers of a value that have no partner yet, by operator and operand; -1 where there are several of a kind. */
function loneReaders(snapshot: Snapshot, { consumers }: Links, value: number, taken: ReadonlyMap<number, number>): Map<string, number> {
  const found = new Map<string, number>();
  for (const id of consumers.get(value) ?? []) {
    const row = snapshot.nodes.get(id);
    if (!row || taken.has(id)) continue;
    const key = `${row.op} ${row.inputs.indexOf(value)}`;
    found.set(key, found.has(key) ? -1 : id);
  }
  return found;
}

/** The ONNX nodes behind pairs of imported nodes. */
export function sourceMapOf(pairs: Pairs, a: Snapshot, b: Snapshot): SourceMap {
  const map = new Map<number, number>();
  for (const [x, y] of pairs.there) {
    const others = b.nodes.get(y)?.origin;
    a.nodes.get(x)?.origin.forEach((source, i) => others?.[i] !== undefined && !map.has(source) && map.set(source, others[i] as number));
  }
  return (source) => map.get(source);
}

/** Pairs of two graphs, whatever passes they went through, whose ONNX nodes are known to be the same. */
export function matchByLineage(a: Snapshot, b: Snapshot, sources: SourceMap): Pairs {
  const pairs = new Pairs();
  const translated = new Map<number, readonly number[]>();
  for (const { id, origin } of a.nodes.values()) {
    translated.set(
      id,
      [...origin].map((source) => sources(source) ?? -1 - source).sort((x, y) => x - y),
    );
  }
  const [mine, theirs] = [new Map<string, number[]>(), new Map<string, number[]>()];
  const put = (map: Map<string, number[]>, key: string, id: number): void => void (map.get(key)?.push(id) ?? map.set(key, [id]));
  for (const id of a.order) put(mine, `${a.nodes.get(id)?.op} ${translated.get(id)?.join(",")}`, id);
  for (const id of b.order)
    put(theirs, `${b.nodes.get(id)?.op} ${[...(b.nodes.get(id)?.origin ?? [])].sort((x, y) => x - y).join(",")}`, id);
  // The same operator from the same ONNX nodes; several of them in the order of execution, if there are as many.
  for (const [key, ids] of mine) {
    const others = theirs.get(key);
    if (others?.length === ids.length) ids.forEach((id, i) => pairs.add(id, others[i] as number));
  }
  spread(pairs, a, b);
  pairOverlapping(pairs, a, b, translated);
  return pairs;
}

/** What is left: whoever shares the greatest part of the ONNX nodes, the same operator before another one. */
function pairOverlapping(pairs: Pairs, a: Snapshot, b: Snapshot, translated: ReadonlyMap<number, readonly number[]>): void {
  const bySource = new Map<number, number[]>();
  for (const id of b.order) {
    if (pairs.here.has(id)) continue;
    for (const source of b.nodes.get(id)?.origin ?? []) void (bySource.get(source)?.push(id) ?? bySource.set(source, [id]));
  }
  for (const sameOp of [true, false]) {
    for (const id of a.order) {
      if (pairs.there.has(id)) continue;
      const mine = translated.get(id) ?? [];
      let [best, most] = [-1, 0];
      for (const other of new Set(mine.flatMap((source) => bySource.get(source) ?? []))) {
        const row = b.nodes.get(other);
        if (!row || pairs.here.has(other) || (row.op === a.nodes.get(id)?.op) !== sameOp) continue;
        const shared = mine.filter((source) => row.origin.includes(source)).length;
        const likeness = shared / (mine.length + row.origin.length - shared);
        if (likeness > most) [best, most] = [other, likeness];
      }
      if (best >= 0) pairs.add(id, best);
    }
  }
}
