/** The cut against all ways to part small graphs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CutGraph } from "./min-cut.ts";

type Arc = readonly [number, number, number];

const costOf = (arcs: readonly Arc[], side: ReadonlySet<number>): number =>
  arcs.reduce((sum, [from, to, cost]) => sum + (side.has(from) && !side.has(to) ? cost : 0), 0);

test("no other way to part a graph is cheaper", () => {
  let state = 7;
  const random = (below: number): number => (state = (state * 48271) % 2147483647) % below;
  for (let round = 0; round < 200; round++) {
    const graph = new CutGraph();
    const nodes = Array.from({ length: 1 + random(6) }, () => graph.node());
    const all = [graph.source, graph.sink, ...nodes];
    const arcs = Array.from({ length: random(20) }, (): Arc => [all[random(all.length)]!, all[random(all.length)]!, random(9)]);
    for (const [from, to, cost] of arcs) graph.connect(from, to, cost);
    const found = graph.cut();
    assert.ok(found.has(graph.source) && !found.has(graph.sink));
    for (let mask = 0; mask < 2 ** nodes.length; mask++) {
      const other = new Set([graph.source, ...nodes.filter((_, i) => (mask >> i) & 1)]);
      assert.ok(costOf(arcs, found) <= costOf(arcs, other), `round ${round}`);
    }
  }
});
