/** The passes of the small network, one after the other, as a person would write them down. */
import type { GroupInfo } from "#protocol";
import type { FixtureGraph, FixtureNode, FixtureValue } from "./delta-writer.ts";

export const batch = 128;
const sizes: Readonly<Record<string, string>> = { x: `Nx784`, h1: "Nx512", h2: "Nx256", y: "Nx10" };

interface Row {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly shape: string;
}

const row = (op: string, name: string, inputs: readonly string[], output: string, shape: string): Row => ({
  op,
  name,
  inputs,
  output,
  shape,
});
const gelu = (layer: string, from: string, shape: string): Row[] => [
  row("div", `/${layer}/act/Div`, [from, "sqrt2"], `${layer}_d`, shape),
  row("erf", `/${layer}/act/Erf`, [`${layer}_d`], `${layer}_e`, shape),
  row("add", `/${layer}/act/Add`, [`${layer}_e`, "one"], `${layer}_p`, shape),
  row("mul", `/${layer}/act/Mul`, [from, `${layer}_p`], `${layer}_m`, shape),
  row("mul", `/${layer}/act/Mul_1`, [`${layer}_m`, "half"], `${layer}_g`, shape),
];
const rows: readonly Row[] = [
  row("identity", "/in/Identity", ["x"], "x0", sizes.x!),
  row("matmul", "/fc1/MatMul", ["x0", "fc1.weight"], "fc1_y", sizes.h1!),
  row("add", "/fc1/Add", ["fc1_y", "fc1.bias"], "fc1_b", sizes.h1!),
  ...gelu("fc1", "fc1_b", sizes.h1!),
  row("transpose", "/fc2/Transpose", ["fc2.weight"], "fc2_wt", "512x256"),
  row("matmul", "/fc2/MatMul", ["fc1_g", "fc2_wt"], "fc2_y", sizes.h2!),
  row("add", "/fc2/Add", ["fc2_y", "fc2.bias"], "fc2_b", sizes.h2!),
  ...gelu("fc2", "fc2_b", sizes.h2!),
  row("matmul", "/head/MatMul", ["fc2_g", "head.weight"], "head_y", sizes.y!),
  row("add", "/head/Add", ["head_y", "head.bias"], "head_b", sizes.y!),
  row("softmax", "/head/Softmax", ["head_b"], "probs", sizes.y!),
];
const constants: readonly (readonly [string, string])[] = [
  ["fc1.weight", "784x512"],
  ["fc1.bias", "512"],
  ["fc2.weight", "256x512"],
  ["fc2.bias", "256"],
  ["head.weight", "256x10"],
  ["head.bias", "10"],
  ["sqrt2", ""],
  ["one", ""],
  ["half", ""],
];

const elements = (shape: string): number =>
  shape === "" ? 1 : shape.split("x").reduce((product, dim) => product * (dim === "N" ? NaN : Number(dim)), 1);

function imported(): FixtureGraph {
  const names = ["x", ...constants.map(([name]) => name), ...rows.map(({ output }) => output)];
  const id = (name: string): number => names.indexOf(name);
  const value = (name: string, shape: string, constant: boolean): FixtureValue => ({
    id: id(name),
    name,
    dtype: "f32",
    shape,
    shapeSource: constant || name === "x" ? "declared" : "unknown",
    constant,
    bytes: 4 * elements(shape),
  });
  return {
    nodes: rows.map((r, i): FixtureNode => ({
      id: i,
      op: r.op,
      name: r.name,
      inputs: r.inputs.map(id),
      outputs: [id(r.output)],
      origin: [i],
      attrs: r.op === "softmax" ? { axis: -1 } : r.op === "transpose" ? { perm: [1, 0] } : {},
    })),
    values: [
      value("x", sizes.x!, false),
      ...constants.map(([name, shape]) => value(name, shape, true)),
      ...rows.map((r) => value(r.output, r.shape, false)),
    ],
    inputs: [id("x")],
    outputs: [id("probs")],
  };
}

/** Holds the graph as it is after the last pass called. */
export class Story {
  graph = imported();
  private nextNode = 100;
  private nextValue = 100;

  private set(change: Partial<FixtureGraph>): FixtureGraph {
    return (this.graph = { ...this.graph, ...change });
  }
  private node(name: string): FixtureNode {
    const found = this.graph.nodes.find((node) => node.name === name);
    if (!found) throw new Error(`no node ${name}`);
    return found;
  }

  specialise(): FixtureGraph {
    const values = this.graph.values.map((value) =>
      value.shape.startsWith("Nx")
        ? {
            ...value,
            shape: value.shape.replace("N", String(batch)),
            shapeSource: value.constant ? "declared" : "inferred",
            bytes: 4 * elements(value.shape.replace("N", String(batch))),
          }
        : value,
    );
    const shapes = new Map(values.map((value) => [value.id, value]));
    const nodes = this.graph.nodes.map((node) => {
      const out = shapes.get(node.outputs[0]!)!;
      const weight = shapes.get(node.inputs[1] ?? -1);
      const depth = node.op === "matmul" ? Number(weight?.shape.split("x")[0]) : 0;
      const bytes = [...node.inputs, ...node.outputs].reduce((sum, v) => sum + (shapes.get(v)?.bytes ?? 0), 0);
      return { ...node, flops: node.op === "matmul" ? 2 * elements(out.shape) * depth : elements(out.shape), bytes };
    });
    return this.set({ values, nodes });
  }

  fold(): FixtureGraph {
    const transpose = this.node("/fc2/Transpose");
    const values = this.graph.values
      .map((value) => (value.id === transpose.outputs[0] ? { ...value, constant: true, name: "fc2.weight^T" } : value))
      .filter(({ id }) => id !== transpose.inputs[0]);
    return this.set({ nodes: this.graph.nodes.filter((node) => node !== transpose), values });
  }

  simplify(): FixtureGraph {
    const identity = this.node("/in/Identity");
    const nodes = this.graph.nodes
      .filter((node) => node !== identity)
      .map((node) =>
        node.inputs.includes(identity.outputs[0]!)
          ? { ...node, inputs: node.inputs.map((v) => (v === identity.outputs[0] ? identity.inputs[0]! : v)) }
          : node,
      );
    return this.set({ nodes, values: this.graph.values.filter(({ id }) => id !== identity.outputs[0]) });
  }

  recognise(): FixtureGraph {
    for (const layer of ["fc1", "fc2"]) {
      const parts = this.graph.nodes.filter((node) => node.name.startsWith(`/${layer}/act/`));
      const [first, last] = [parts[0]!, parts[parts.length - 1]!];
      const made: FixtureNode = {
        ...last,
        id: (this.nextNode += 1),
        op: "gelu",
        name: `/${layer}/act/Gelu`,
        inputs: [first.inputs[0]!],
        origin: parts.flatMap(({ origin }) => origin),
        attrs: { approximate: "none" },
        flops: 8 * (last.flops ?? 0),
      };
      const inner = new Set(parts.slice(0, -1).flatMap(({ outputs }) => outputs));
      this.set({
        nodes: this.graph.nodes.filter((node) => !parts.includes(node) || node === last).map((node) => (node === last ? made : node)),
        values: this.graph.values.filter(({ id }) => !inner.has(id)),
      });
    }
    const used = new Set(this.graph.nodes.flatMap(({ inputs }) => inputs));
    return this.set({ values: this.graph.values.filter(({ id, constant }) => !constant || used.has(id)) });
  }

  decompose(): FixtureGraph {
    const softmax = this.node("/head/Softmax");
    const value = (name: string, shape: string): FixtureValue => ({
      id: (this.nextValue += 1),
      name,
      dtype: "f32",
      shape,
      shapeSource: "inferred",
      bytes: 4 * elements(shape),
    });
    const [m, s, e, t] = [
      value("head_max", `${batch}x1`),
      value("head_sub", `${batch}x10`),
      value("head_exp", `${batch}x10`),
      value("head_sum", `${batch}x1`),
    ];
    const make = (op: string, inputs: number[], output: number): FixtureNode => ({
      id: (this.nextNode += 1),
      op,
      name: `/head/Softmax/${op}`,
      inputs,
      outputs: [output],
      origin: softmax.origin,
      attrs: op.startsWith("reduce") ? { axes: [-1], keepdims: 1 } : {},
      flops: batch * 10,
      bytes: batch * 80,
    });
    const x = softmax.inputs[0]!;
    const made = [
      make("reduce_max", [x], m!.id),
      make("sub", [x, m!.id], s!.id),
      make("exp", [s!.id], e!.id),
      make("reduce_sum", [e!.id], t!.id),
      make("div", [e!.id, t!.id], softmax.outputs[0]!),
    ];
    return this.set({
      nodes: this.graph.nodes.flatMap((node) => (node === softmax ? made : [node])),
      values: [...this.graph.values, m!, s!, e!, t!],
    });
  }

  prepack(): FixtureGraph {
    for (const layer of ["fc1", "fc2"]) {
      const matmul = this.node(`/${layer}/MatMul`);
      const weight = this.graph.values.find(({ id }) => id === matmul.inputs[1])!;
      const packed: FixtureValue = {
        ...weight,
        id: (this.nextValue += 1),
        name: `${weight.name}.packed`,
        constant: false,
        layout: "KN64k16n",
        shapeSource: "inferred",
      };
      const reorder: FixtureNode = {
        id: (this.nextNode += 1),
        op: "reorder",
        name: `/${layer}/MatMul/pack`,
        inputs: [weight.id],
        outputs: [packed.id],
        origin: matmul.origin,
        init: true,
        attrs: { to: "KN64k16n" },
        flops: 0,
        bytes: 2 * (weight.bytes ?? 0),
      };
      this.set({
        nodes: this.graph.nodes.flatMap((node) =>
          node === matmul ? [reorder, { ...matmul, inputs: [matmul.inputs[0]!, packed.id] }] : [node],
        ),
        values: [...this.graph.values, packed],
      });
    }
    return this.graph;
  }

  fuse(): FixtureGraph {
    const id = (name: string): number => this.node(name).id;
    const group = (
      number: number,
      template: string,
      leader: string,
      members: readonly (readonly [string, string])[],
      params: Record<string, number | string>,
      phase: "run" | "init" = "run",
    ): GroupInfo => ({
      id: number,
      name: `g${number}_${leader.split("/")[1]}`,
      template,
      leader: id(leader),
      phase,
      members: members.map(([name, anchor]) => ({ node: id(name), anchor })),
      params,
    });
    return this.set({
      groups: [
        group(0, "reorder", "/fc1/MatMul/pack", [["/fc1/MatMul/pack", "body"]], { block_k: 64, block_n: 16 }, "init"),
        group(
          1,
          "matmul",
          "/fc1/MatMul",
          [
            ["/fc1/MatMul", "body"],
            ["/fc1/Add", "post-N"],
            ["/fc1/act/Gelu", "post-N"],
          ],
          { m_split: 2, n_split: 1, block_m: 32, block_n: 64, block_k: 64 },
        ),
        group(2, "reorder", "/fc2/MatMul/pack", [["/fc2/MatMul/pack", "body"]], { block_k: 64, block_n: 16 }, "init"),
        group(
          3,
          "matmul",
          "/fc2/MatMul",
          [
            ["/fc2/MatMul", "body"],
            ["/fc2/Add", "post-N"],
            ["/fc2/act/Gelu", "post-N"],
          ],
          { m_split: 2, n_split: 1, block_m: 32, block_n: 64, block_k: 64 },
        ),
        group(
          4,
          "matmul",
          "/head/MatMul",
          [
            ["/head/MatMul", "body"],
            ["/head/Add", "post-N"],
          ],
          { m_split: 1, n_split: 1, block_m: 64, block_n: 10, block_k: 64 },
        ),
        group(
          5,
          "reduce",
          "/head/Softmax/reduce_max",
          ["reduce_max", "sub", "exp", "reduce_sum", "div"].map(
            (op) => [`/head/Softmax/${op}`, op.startsWith("reduce") ? "row" : "element"] as const,
          ),
          { rows_per_task: 64, vector: 16 },
        ),
      ],
    });
  }
}
