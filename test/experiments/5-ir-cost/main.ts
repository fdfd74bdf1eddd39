/**
 * Experiment 5: is the Graph IR cheap? 60 passes over graphs of growing size, each editing one node, with the real editor and the real
 * trace encoder. Prints a table: time of a pass, bytes of its trace, memory of all snapshots, and a difference found by identity beside
 * one found by comparing everything. Run: see README.md beside this file.
 */
import { GraphBuilder } from "../../../compiler-core/graph/build.ts";
import { GraphEditor } from "../../../compiler-core/graph/edit.ts";
import type { Graph, Node } from "../../../compiler-core/graph/ir.ts";
import { allocate } from "../../../compiler-core/graph/ndarray.ts";
import { graphDelta } from "../../../compiler-core/trace/graph-delta.ts";
import { StringTable } from "../../../compiler-core/trace/strings.ts";

const passes = 60;
const repeats = 5;

/** A chain of layers (matmul, add, relu, tanh) with about `size` nodes. */
function layeredGraph(size: number): Graph {
  const b = new GraphBuilder("layers");
  const weight = b.constant("weight", allocate("f32", [64, 64], "native"));
  const bias = b.constant("bias", allocate("f32", [64], "native"));
  let value = b.input("x", "f32", [32, 64]);
  for (let i = 0; i < size; i++) {
    const kind = i % 4;
    const origin = [
      b.source({ path: `#${i}`, opType: ["MatMul", "Add", "Relu", "Tanh"][kind] ?? "", domain: "", name: `layer${i}`, outputs: [`v${i}`] }),
    ];
    const options = { name: `layer${i}`, origin };
    const [out] =
      kind === 0
        ? b.add("matmul", [value, weight], {}, options)
        : kind === 1
          ? b.add("add", [value, bias], {}, options)
          : b.add(kind === 2 ? "relu" : "tanh", [value], {}, options);
    value = out ?? value;
  }
  b.output(value);
  return b.finish();
}

/** One edit: the n-th relu or tanh becomes the other one. */
function editOne(graph: Graph, pass: number): Graph {
  const editor = new GraphEditor(graph);
  const activations = graph.nodes.filter((n) => n.op === "relu" || n.op === "tanh");
  const node = activations[(pass * 37) % activations.length] as Node;
  const patch = editor.patch(node);
  editor.apply(node, patch.done(patch.add(node.op === "relu" ? "tanh" : "relu", node.inputs)));
  return editor.finish();
}

/** Nodes that differ, found by identity: what the trace encoder does. */
function changedByIdentity(before: Graph, after: Graph): number {
  const old = new Map(before.nodes.map((n) => [n.id, n]));
  return after.nodes.filter((n) => old.get(n.id) !== n).length;
}

/** The same, as if nodes were copied by every pass: each is compared by its whole content. */
function changedByContent(before: Graph, after: Graph): number {
  const old = new Map(before.nodes.map((n) => [n.id, JSON.stringify(n)]));
  return after.nodes.filter((n) => old.get(n.id) !== JSON.stringify(n)).length;
}

/** Bytes of a delta as it is sent: typed arrays and strings. */
function deltaBytes(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value === "string") return 2 * value.length;
  if (typeof value === "number") return 8;
  return typeof value === "object" && value !== null ? Object.values(value).reduce((sum: number, v) => sum + deltaBytes(v), 0) : 0;
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;

function heapBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

interface Row {
  readonly nodes: number;
  readonly editMs: number;
  readonly deltaMs: number;
  readonly deltaBytes: number;
  readonly firstBytes: number;
  readonly identityMs: number;
  readonly contentMs: number;
  readonly baseMB: number;
  readonly tracedMB: number;
  readonly copiedMB: number;
}

function timed<T>(action: () => T, into: number[]): T {
  const start = performance.now();
  const result = action();
  into.push(performance.now() - start);
  return result;
}

function measure(size: number): Row {
  const start = heapBytes();
  const base = layeredGraph(size);
  const withBase = heapBytes();
  const edits: number[] = [];
  const snapshots = [base];
  for (let p = 0; p < passes; p++) snapshots.push(timed(() => editOne(snapshots[p] as Graph, p), edits));
  const withTrace = heapBytes();
  const copies = snapshots.slice(1).map((g) => structuredClone(g.nodes));
  const withCopies = heapBytes();
  const [deltas, identity, content]: [number[], number[], number[]] = [[], [], []];
  const strings = new StringTable();
  const first = deltaBytes(graphDelta(0, base, -1, undefined, strings));
  let bytes = 0;
  for (let p = 1; p <= passes; p++) {
    const [before, after] = [snapshots[p - 1] as Graph, snapshots[p] as Graph];
    bytes += deltaBytes(timed(() => graphDelta(p, after, p - 1, before, strings), deltas));
    const same = timed(() => changedByIdentity(before, after), identity);
    if (same !== timed(() => changedByContent(before, after), content)) throw new Error("the two ways of comparing disagree");
  }
  if (copies.length !== passes) throw new Error("a copy is missing");
  return {
    nodes: base.nodes.length,
    editMs: median(edits),
    deltaMs: median(deltas),
    deltaBytes: bytes / passes,
    firstBytes: first,
    identityMs: median(identity),
    contentMs: median(content),
    baseMB: (withBase - start) / 2 ** 20,
    tracedMB: (withTrace - withBase) / 2 ** 20,
    copiedMB: (withCopies - withTrace) / 2 ** 20,
  };
}

if (globalThis.gc === undefined) throw new Error("run node with --expose-gc");
for (const size of [400, 1000, 4000, 10_000]) {
  const rows = Array.from({ length: repeats }, () => measure(size));
  const at = (pick: (row: Row) => number): string => median(rows.map(pick)).toPrecision(3);
  console.log(
    [
      `${size} nodes, ${passes} passes of one edit:`,
      `edit ${at((r) => r.editMs)} ms/pass`,
      `delta ${at((r) => r.deltaMs)} ms and ${at((r) => r.deltaBytes)} bytes/pass (first ${at((r) => r.firstBytes / 1024)} KiB)`,
      `diff by identity ${at((r) => r.identityMs)} ms, by content ${at((r) => r.contentMs)} ms`,
      `memory: graph ${at((r) => r.baseMB)} MiB, ${passes} snapshots +${at((r) => r.tracedMB)} MiB, as copies +${at((r) => r.copiedMB)} MiB`,
    ].join("\n  "),
  );
}
