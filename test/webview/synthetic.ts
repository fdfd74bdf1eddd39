/** Made-up transformer-like models of any size, with a few stages that change a part of them. */
import type { CompilationSummary, Hello, PassEvent, PassInfo, ToPage } from "#protocol";
import { DeltaWriter, type FixtureGraph, type FixtureNode, type FixtureValue } from "./delta-writer.ts";

const generation = 1;

/** A graph of about `count` nodes: blocks of 22 ops with attention, residuals and a mask that every block reads. */
export function syntheticGraph(count: number): FixtureGraph {
  const nodes: FixtureNode[] = [];
  const values: FixtureValue[] = [];
  const value = (name: string, shape: string, constant = false): number => {
    const bytes = 4 * shape.split("x").reduce((product, dim) => product * Number(dim), 1);
    values.push({ id: values.length, name, dtype: "f32", shape, shapeSource: constant ? "declared" : "inferred", constant, bytes });
    return values.length - 1;
  };
  const node = (op: string, name: string, inputs: readonly number[], shape: string): number => {
    const output = value(`${name}_out`, shape);
    nodes.push({
      id: nodes.length,
      op,
      name,
      inputs,
      outputs: [output],
      origin: [nodes.length],
      flops: op === "matmul" ? 2e8 : 1e5,
      bytes: 4e5,
    });
    return output;
  };
  const x = value("x", "128x768");
  const mask = value("mask", "12x128x128");
  let residual = x;
  for (let block = 0; nodes.length + 22 <= Math.max(count, 22); block += 1) {
    const at = `/encoder/layer.${block}`;
    const norm = node("layer_norm", `${at}/norm1`, [residual, value("gamma", "768", true), value("beta", "768", true)], "128x768");
    const heads = ["query", "key", "value"].map((part) => {
      const product = node("matmul", `${at}/attention/${part}`, [norm, value(`w_${part}`, "768x768", true)], "128x768");
      return node("transpose", `${at}/attention/${part}/heads`, [product], "12x128x64");
    });
    const scores = node("matmul", `${at}/attention/scores`, [heads[0]!, heads[1]!], "12x128x128");
    const masked = node("add", `${at}/attention/mask`, [node("mul", `${at}/attention/scale`, [scores], "12x128x128"), mask], "12x128x128");
    const weights = node("softmax", `${at}/attention/softmax`, [masked], "12x128x128");
    const mixed = node("matmul", `${at}/attention/mix`, [weights, heads[2]!], "12x128x64");
    const joined = node("transpose", `${at}/attention/merge`, [mixed], "128x768");
    const projected = node("matmul", `${at}/attention/out`, [joined, value("w_out", "768x768", true)], "128x768");
    const first = node("add", `${at}/residual1`, [residual, projected], "128x768");
    const norm2 = node("layer_norm", `${at}/norm2`, [first, value("gamma2", "768", true)], "128x768");
    const up = node("matmul", `${at}/mlp/up`, [norm2, value("w_up", "768x3072", true)], "128x3072");
    const biased = node("add", `${at}/mlp/bias`, [up, value("b_up", "3072", true)], "128x3072");
    const erf = node("erf", `${at}/mlp/gelu/erf`, [node("mul", `${at}/mlp/gelu/scale`, [biased], "128x3072")], "128x3072");
    const gelu = node("mul", `${at}/mlp/gelu/mul`, [biased, erf], "128x3072");
    const down = node("matmul", `${at}/mlp/down`, [gelu, value("w_down", "3072x768", true)], "128x768");
    residual = node("add", `${at}/residual2`, [first, down], "128x768");
  }
  return { nodes, values, inputs: [x, mask], outputs: [residual] };
}

/** Every block's erf gelu becomes one node that makes the same value; every `every`-th scale is dropped. */
function rewritten(graph: FixtureGraph, every: number): FixtureGraph {
  const nodes: FixtureNode[] = [];
  const alias = new Map<number, number>();
  let next = graph.nodes.length;
  graph.nodes.forEach((node, i) => {
    if (node.op === "mul" && node.name.endsWith("gelu/mul"))
      nodes.push({ ...node, id: (next += 1), op: "gelu", inputs: [node.inputs[0]!], origin: [i - 1, i] });
    else if (node.op === "erf" || node.name.endsWith("gelu/scale")) return;
    else if (node.name.endsWith("attention/scale") && i % every < 22) alias.set(node.outputs[0]!, node.inputs[0]!);
    else if (node.inputs.some((value) => alias.has(value)))
      nodes.push({ ...node, inputs: node.inputs.map((value) => alias.get(value) ?? value) });
    else nodes.push(node);
  });
  return { ...graph, nodes };
}

const info = (index: number, name: string): PassInfo => ({
  index,
  name,
  level: index === 0 ? "import" : "graph",
  why: `Pass ${name} of the made-up pipeline.`,
  optional: index > 1,
});
const names = ["import", "specialise", "recognise-gelu", "simplify", "restore"];

/** The messages of a compilation of about `count` nodes, in order; stages 2, 3 and 4 change the graph. */
export function syntheticMessages(count: number): ToPage[] {
  const graph = syntheticGraph(count);
  const writer = new DeltaWriter();
  const stages = [graph, graph, rewritten(graph, 1e9), rewritten(graph, 44), graph];
  const sizes = stages.map(({ nodes }) => nodes.length);
  const passes: PassEvent[] = names.map((name, i) => ({
    ...info(i, name),
    status: i === 1 ? "same" : "changed",
    ms: 0.4 * (i + 1),
    opsBefore: sizes[Math.max(0, i - 1)]!,
    opsAfter: sizes[i]!,
    hits: [],
  }));
  const options = { isa: "auto", threads: 1, precision: "f32" as const, dims: {}, without: [], force: [], forbid: [] };
  const hello: Hello = {
    model: { name: `synthetic-${count}.onnx`, path: `/models/synthetic-${count}.onnx`, bytes: 1e8 },
    options,
    isas: [{ name: "auto", missing: [] }],
    maxThreads: 2,
    dims: [],
    passes: passes.map(({ index, name, level, why, optional }) => ({ index, name, level, why, optional })),
    trusted: true,
    strings: {},
  };
  const summary: CompilationSummary = {
    model: hello.model.name,
    isa: "avx512",
    threads: 1,
    precision: "f32",
    dims: {},
    passes,
    sources: graph.nodes.map((node) => ({ path: `#${node.id}`, opType: node.op, domain: "", name: node.name })),
    groups: [],
    verdicts: [],
    unsupported: [],
    buffers: [],
    kernels: [],
    arenaBytes: 0,
    arenaBytesWithoutReuse: 0,
    constantBytes: 0,
    flops: 0,
    bytes: 0,
  };
  return [
    { type: "hello", hello },
    { type: "generation", generation, options },
    ...stages.map((stage, i): ToPage => ({ type: "stage", generation, delta: writer.next(i, stage) })),
    { type: "summary", generation, summary },
  ];
}
