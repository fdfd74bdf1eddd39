import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../messages.ts";
import { dtypes, type DType } from "../support/dtype.ts";
import { GraphBuilder } from "./build.ts";
import type { Graph, Value } from "./ir.ts";
import { decode, evaluable, fromValues } from "./ndarray.ts";
import { parseGraph } from "./parse.ts";
import { printGraph } from "./print.ts";

const hostile = ['a"b\\c', "line\nbreak", "}\u2028{", "\u0000", "// not a comment", "%3 = add", "\ud800", "日本", "c0 {1}", "-> ["];

/** A small deterministic generator (xorshift). */
function random(seed: number): (n: number) => number {
  let x = seed * 2654435761 || 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

function randomGraph(seed: number): Graph {
  const pick = random(seed);
  const name = (): string => (pick(3) === 0 ? hostile[pick(hostile.length)]! : `v${pick(5)}`);
  const g = new GraphBuilder(name());
  const source = g.source({ path: "#0", opType: name(), domain: name(), name: name(), outputs: [name(), name()] });
  const odd = [NaN, Infinity, -Infinity, -0, 5e-324, 0.1, 1e300];
  let values = [g.input(name(), "f32", [2, 3]), g.constant(name(), fromValues("f32", [3], [odd[pick(7)]!, odd[pick(7)]!, 1]))];
  g.input(name(), "u8", ["batch", name() || "d", "a*b"]);
  g.input(name(), "f16", undefined);
  g.constant(name(), fromValues("i64", [2], [-9223372036854775808n, 9223372036854775807n]));
  g.constant(
    name(),
    fromValues(
      "f64",
      [64],
      Array.from({ length: 64 }, (_, i) => i / 7),
    ),
  );
  g.lazyConstant(name(), "string", [2], () => new Uint8Array(0));
  for (let i = 0; i < 3 + pick(6); i++) {
    const options = { name: name(), origin: [source] };
    const [a, b] = [values[pick(values.length)]!, values[pick(values.length)]!];
    const added = pick(3) === 0 ? g.add("clip", [a], { min: odd[pick(7)], max: 3 }, options) : g.add("add", [a, b], {}, options);
    values = [...values, ...added];
  }
  const opaque = g.addOpaque(
    [values[0]!, null],
    { opType: name(), reason: name(), attributes: [name()] },
    [
      { dtype: "i8", shape: undefined },
      { dtype: "bf16", shape: [4, "n"] },
    ],
    { name: name(), origin: [source] },
  );
  g.output(opaque[1]!);
  g.output(values.at(-1)!);
  const graph = g.finish();
  const nodes = graph.nodes.map((n, i) => ({ ...n, phase: i === 0 ? ("init" as const) : ("run" as const) }));
  const blocked: Value = { ...graph.values[0]!, layout: { outer: [1, 0], inner: [{ axis: 1, size: 32 }] }, shapeSource: "set" };
  const groups = [
    {
      id: 0,
      name: name(),
      template: name(),
      members: [{ node: 0, anchor: name() }],
      leader: 0,
      phase: "run" as const,
      params: { mb: 32, kind: name(), x: NaN },
    },
  ];
  return { ...graph, nodes, groups, values: graph.values.map((v, i) => (i === 0 ? blocked : v)), nextNode: graph.nextNode + pick(2) };
}

/** Everything but the store, whose large constants are not in the text. */
const structure = ({ constants: _, ...rest }: Graph): unknown => rest;

test("a printed graph parses back exactly", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const graph = randomGraph(seed);
    const text = printGraph(graph);
    const back = parseGraph(text);
    assert.equal(printGraph(back), text);
    assert.deepEqual(structure(back), structure(graph));
    assert.deepEqual(structure(parseGraph(text, graph.constants)), structure(graph));
  }
});

test("small constants keep every value, large ones are only named", () => {
  const graph = randomGraph(7);
  const back = parseGraph(printGraph(graph));
  for (const v of graph.values) {
    if (v?.constant === undefined || !evaluable(v.dtype)) continue;
    const shape = v.shape as readonly number[];
    const [a, b] = [graph.constants.get(v.constant), back.constants.get(v.constant)];
    if (shape[0]! > 8) assert.throws(() => b.bytes(), UserError);
    else assert.deepEqual(decode(v.dtype, shape, b.bytes()), decode(v.dtype, shape, a.bytes()));
  }
});

test("every element type has a text form", () => {
  const values = dtypes.map((dtype: DType, i) => `  input %${i} "x": ${dtype}[1, 2]`);
  const text = `graph "types" {\n${values.join("\n")}\n  return %0\n}\n`;
  assert.equal(printGraph(parseGraph(text)), text);
});

const broken: readonly (readonly [string, RegExp])[] = [
  ["", /no graph/],
  ['graph "g" {\n  input %0 "x": f33[2]\n}', /line 2 .*f33 is not an element type/],
  ['graph "g" {\n  %1: f32[2] = frob(%0) #0 from [0]\n}', /line 2 .*no operator frob/],
  ['graph "g" {\n  %1: f32[2] = relu(%0) from [0]\n}', /line 2 .*expected #/],
  ['graph "g" {\n  const %1: f32[2] = c0 {1}\n}', /does not fit the shape/],
  ['graph "g" {\n  input %0 "x: f32[2]\n}', /line 2/],
  ['graph "g" {\n  return %0 and more\n}', /unexpected text/],
  ['graph "g" {\n  member #0 "x"\n}', /outside of a group/],
];
for (const [text, message] of broken) {
  test(`text that is not a graph: ${message.source}`, () => {
    assert.throws(
      () => parseGraph(text),
      (e) => e instanceof UserError && e.code === "ir-text" && message.test(e.message),
    );
  });
}
