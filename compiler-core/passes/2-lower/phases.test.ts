/** Random graphs of native nodes and holes: calls are convex, the order respects all edges, and no call could have been left out by merging. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphBuilder } from "../../graph/build.ts";
import type { Graph, Node } from "../../graph/ir.ts";
import { compile } from "../../compile.ts";
import { defaultOptions } from "../../options.ts";
import { byPhase } from "./phases.ts";

/** Numbers in [0, 1): a linear congruential generator (Knuth's MMIX constants, high bits). */
function randomSource(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number(state >> 40n) / 2 ** 24;
  };
}

interface Case {
  readonly graph: Graph;
  readonly runnerOf: (node: Node) => string;
}

/** `holes` of all nodes are calls, of one or two operator sets. */
function randomGraph(seed: number, nodes: number, holes: number): Case {
  const random = randomSource(seed);
  const b = new GraphBuilder("random");
  const source = b.source({ path: "#0", opType: "X", domain: "", name: "", outputs: [] });
  const values = [b.input("x", "f32", [2])];
  const runners = new Map<number, string>();
  const pick = (): number => values[Math.floor(random() ** 0.5 * values.length)] ?? 0;
  for (let i = 0; i < nodes; i++) {
    const operands = random() < 0.5 ? [pick()] : [pick(), pick()];
    if (random() < holes) {
      runners.set(i, random() < 0.8 ? "ort 17" : "ort 13");
      const types = [{ dtype: "f32", shape: [2] }] as const;
      values.push(...b.addOpaque(operands, { opType: "Y", reason: "a test", source }, types, { origin: [source] }));
    } else values.push(...b.add(operands.length === 1 ? "tanh" : "add", operands, {}, { origin: [source] }));
  }
  b.output(values.at(-1) ?? 0);
  const graph = b.finish();
  return { graph, runnerOf: (node) => runners.get(node.id) ?? "" };
}

/** All nodes that a node depends on, directly or not. */
function ancestors(graph: Graph): ReadonlyMap<number, ReadonlySet<number>> {
  const maker = new Map(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n.id] as const)));
  const all = new Map<number, Set<number>>();
  for (const n of graph.nodes) {
    const mine = new Set<number>();
    for (const v of n.inputs) {
      const from = v === null ? undefined : maker.get(v);
      if (from === undefined) continue;
      mine.add(from);
      for (const a of all.get(from) ?? []) mine.add(a);
    }
    all.set(n.id, mine);
  }
  return all;
}

for (let seed = 1; seed <= 60; seed++) {
  test(`random graph ${seed}`, () => {
    const { graph, runnerOf } = randomGraph(seed, 5 + (seed % 4) * 20, [0.1, 0.4, 0.7][seed % 3] ?? 0);
    const rows = byPhase(graph, runnerOf);
    assert.deepEqual(
      rows.map((r) => r.node.id).sort((a, b) => a - b),
      graph.nodes.map((n) => n.id),
    );
    const before = ancestors(graph);
    const place = new Map(rows.map((r, i) => [r.node.id, i]));
    const callOf = new Map(rows.map((r) => [r.node.id, `${r.phase} ${r.runner}`]));
    for (const { node, runner } of rows) {
      for (const a of before.get(node.id) ?? []) assert.ok(place.get(a)! < place.get(node.id)!, `#${a} before #${node.id}`);
      if (runner === "") continue;
      // Convex: what lies on a way from one member of a call to another is a member, too.
      for (const between of before.get(node.id) ?? []) {
        const inside = [...(before.get(between) ?? [])].some((a) => callOf.get(a) === callOf.get(node.id));
        if (inside) assert.equal(callOf.get(between), callOf.get(node.id), `#${between} is inside of the call of #${node.id}`);
      }
    }
  });
}

test("without holes the order is that of the graph", () => {
  const { graph, runnerOf } = randomGraph(7, 30, 0);
  assert.deepEqual(
    byPhase(graph, runnerOf).map((r) => r.node),
    graph.nodes,
  );
});

test("every edge has one fusion verdict, and groups come in an order that runs", () => {
  const { graph } = randomGraph(11, 60, 0.4);
  const machine = { name: "any", features: [], caches: { l1d: 0, l2: 0, l3: 0 }, cores: 1 } as const;
  const c = compile(graph, { ...defaultOptions, isa: "scalar" }, machine, { now: () => 0 });
  assert.equal(c.error, undefined, c.error?.message);
  const maker = new Map(c.graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n.id] as const)));
  const edges = c.graph.nodes.flatMap((n) =>
    [...new Set(n.inputs)].flatMap((v) => (v !== null && maker.has(v) ? [`${maker.get(v)} ${n.id} ${v}`] : [])),
  );
  const verdicts = c.verdicts.filter((v) => v.subject === "fusion").map((v) => `${v.nodes.join(" ")} ${v.value}`);
  assert.deepEqual([...verdicts].sort(), [...edges].sort());
  const owner = new Map(c.graph.groups.flatMap((g) => g.members.map((m) => [m.node, g.id] as const)));
  for (const n of c.graph.nodes)
    for (const v of n.inputs) {
      const from = v === null ? undefined : maker.get(v);
      if (from !== undefined) assert.ok(owner.get(from)! <= owner.get(n.id)!, `group ${owner.get(from)} runs before ${owner.get(n.id)}`);
    }
});
