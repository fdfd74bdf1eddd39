/** What verdicts say of edges with a view on them, and of groups that a later pass merged. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, defaultOptions, ruleDocs, type Compilation, type CompileOptions, type Graph, type MachineProfile } from "#core";
import type { Verdict } from "#protocol";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { memoryStore } from "../../compiler-core/onnx/tensor-data.ts";
import { cases } from "./cases.ts";

const machine: MachineProfile = {
  name: "test",
  cores: 4,
  caches: { l1d: 32768, l2: 1 << 20, l3: 1 << 24 },
  features: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
};

const compiled = (graph: Graph, options: Partial<CompileOptions> = {}): Compilation =>
  compile(graph, { ...defaultOptions, ...options }, machine, { now: () => 0 });

/** A product of a flattened tensor, and what is added to it in its first shape, with rows of norms around: the layout of encoder layers. */
function residual(): Graph {
  const b = modelBuilder();
  const [rows, width] = [64, 32];
  b.input("x", "f32", [1, rows, width]);
  const ramp = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => ((i % 17) - 8) / 16);
  b.initializer("w", "f32", [width, width], ramp(width * width));
  b.initializer("v", "f32", [width, width], ramp(width * width));
  b.node("Softmax", ["x"], "s", { attributes: { axis: 2 } });
  b.node("MatMul", ["s", "w"], "p");
  b.node("Add", ["p", "s"], "r");
  b.node("MatMul", ["r", "v"], "y");
  b.output("y", "f32", [1, rows, width]);
  return importModel(b.build(), memoryStore());
}

const fusions = ({ verdicts }: Compilation): readonly Verdict[] => verdicts.filter((v) => v.subject === "fusion");
const op = ({ graph }: Compilation, id: number | undefined): string | undefined => graph.nodes.find((n) => n.id === id)?.op;
const home = ({ graph }: Compilation, id: number | undefined): number | undefined =>
  graph.groups.find((g) => g.members.some((m) => m.node === id))?.id;

test("the consumer of a view is told why it is not in the nest behind the view", () => {
  const c = compiled(residual(), { without: ["merge-nests", "chain-nests"] });
  const verdict = fusions(c).find((v) => op(c, v.behind) === "matmul" && op(c, v.nodes[1]) === "add");
  assert.equal(verdict?.rule, "fuse/behind-view");
  const group = home(c, verdict.behind);
  assert.equal(
    verdict.because,
    `not fused with matmul of group ${group}, behind the view: the nest runs over 64x32, the consumer over 1x64x32`,
  );
  assert.ok(verdict.facts.some(({ name, value }) => name === "written and read back" && value === 2 * 4 * 64 * 32));
});

test("a chain that takes both sides of a view is mentioned, and nothing is said to be lost", () => {
  const c = compiled(residual(), { threads: 2 });
  assert.ok(
    c.graph.groups.some((g) => g.template === "chain" || g.template === "matmul-rows"),
    "something was merged",
  );
  const through = fusions(c).filter((v) => v.rule.endsWith("/through-view"));
  assert.notEqual(through.length, 0);
  for (const v of through) {
    const group = home(c, v.behind);
    assert.equal(group, home(c, v.nodes[1]));
    assert.match(
      v.because,
      new RegExp(`^nothing to fuse over a view: \\S+-nests later put .* one nest, group ${group} \\(before: not fused`),
    );
    assert.ok(v.rule in ruleDocs);
    assert.ok(!v.facts.some(({ name }) => name === "written and read back"));
  }
});

for (const name of ["attention, heads from one row", "attention, queries, keys and values from one product"])
  test(`copies that became views cost nothing any more, in their verdicts as well: ${name}`, () => {
    const c = compiled(cases[name] as Graph, { without: ["chain-nests"] });
    const inPlace = c.verdicts.filter((v) => v.rule === "merge-nests/read-in-place").map((v) => v.nodes[0] ?? -1);
    assert.notEqual(inPlace.length, 0);
    for (const node of inPlace)
      for (const v of fusions(c).filter(({ nodes }) => nodes.includes(node))) {
        assert.match(v.because, /^nothing to fuse: \S+ was later made a view by merge-nests, 0 bytes are copied$/);
        assert.ok(!v.facts.some(({ name: fact }) => fact === "written and read back"));
      }
  });

test("no verdict names a group that is gone without the one it is in now", () => {
  let renamed = 0;
  for (const graph of [residual(), cases["attention, heads from one row"] as Graph]) {
    const c = compiled(graph, { threads: 2 });
    const ids = new Set(c.graph.groups.map((g) => g.id));
    for (const v of fusions(c))
      for (const [, first, now] of v.because.matchAll(/\bgroup (\d+)(?: \(now (\d+)\))?/g)) {
        assert.ok(ids.has(Number(now ?? first)), v.because);
        if (now !== undefined) renamed += 1;
      }
  }
  assert.notEqual(renamed, 0);
});
