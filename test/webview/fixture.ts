/** A small network as the compiler would record it: two layers with an exported GELU, an output layer with softmax. */
import type {
  BenchResult,
  CompilationSummary,
  GroupInfo,
  Hello,
  LineOrigin,
  PassEvent,
  PassInfo,
  RuleHit,
  TextReply,
  ToPage,
  Verdict,
} from "#protocol";
import { DeltaWriter, type FixtureGraph, type FixtureNode, type FixtureValue } from "./delta-writer.ts";

const generation = 1;
const batch = 128;
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

/** One pass after the other, as a person would write them down. */
class Story {
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

const passNames: readonly (readonly [name: string, level: PassInfo["level"], why: string, optional?: boolean])[] = [
  ["import", "import", "The model as it was read."],
  ["specialise", "graph", "Fixes symbolic dimensions, so that every later decision knows the sizes."],
  ["infer-shapes", "graph", "Gives every value a shape and a type."],
  ["fold-constants", "graph", "Computes now what depends on weights alone.", true],
  ["simplify", "graph", "Removes what does nothing.", true],
  ["recognise-gelu", "graph", "Turns an exporter's five ops back into one GELU.", true],
  ["eliminate-common", "graph", "Computes equal expressions once.", true],
  ["decompose", "graph", "Splits composite ops into reductions and element-wise ops that can fuse."],
  ["prepack-weights", "graph", "Stores weights once in the order the kernels read them.", true],
  ["fuse", "lower", "Groups ops around the ones that decide the loops.", true],
  ["lower", "lower", "Turns each group into one loop nest by its template."],
  ["merge-loops", "tensor", "Joins neighbouring nests over the same rows.", true],
  ["plan-memory", "tensor", "Gives every buffer a place in the arena.", true],
  ["emit-cpp", "code", "Writes readable C++."],
];

const irText = [
  "func g1_fc1(x: f32[128,784], w: f32[13,32,64,16], b: f32[512]) -> f32[128,512] {",
  "  parallel m in 0..4 step 32 {",
  "    for n in 0..512 step 64 {",
  "      let acc: f32[32,64] = alloc register",
  "      brgemm(acc, x[m,0], w[0,n], batch = 13, k = 64)",
  "      for i in 0..32 {",
  "        for j in 0..64 step 16 {",
  "          let v: f32x16 = load acc[i,j]",
  "          let s: f32x16 = v + load b[n + j]",
  "          let e: f32x16 = erf(s * 0.70710677)",
  "          store y[m + i, n + j] = 0.5 * s * (1.0 + e)",
  "        }",
  "      }",
  "    }",
  "  }",
  "}",
  "",
  "func g5_softmax(x: f32[128,10]) -> f32[128,10] {",
  "  parallel r in 0..128 {",
  "    let m: f32 = reduce_max(x[r, 0..10])",
  "    let s: f32 = reduce_sum(exp(x[r, 0..10] - m))",
  "    store y[r, 0..10] = exp(x[r, 0..10] - m) / s",
  "  }",
  "}",
];

const cppText = [
  "// group 1: matmul + add + gelu",
  "static void g1_fc1(const float* __restrict x, const float* __restrict w, const float* __restrict b, float* __restrict y, int task) {",
  "  const int m = task * 32;",
  "  for (int n = 0; n < 512; n += 64) {",
  "    alignas(64) float acc[32 * 64];",
  "    fs::brgemm_f32<32, 64, 64>(acc, x + m * 784, w + n * 64, 13);",
  "    for (int i = 0; i < 32; ++i) {",
  "      for (int j = 0; j < 64; j += 16) {",
  "        __m512 v = _mm512_load_ps(acc + i * 64 + j);",
  "        __m512 s = _mm512_add_ps(v, _mm512_loadu_ps(b + n + j));",
  "        __m512 e = fs::erf_ps(_mm512_mul_ps(s, _mm512_set1_ps(0.70710677f)));",
  "        __m512 g = _mm512_mul_ps(_mm512_mul_ps(s, _mm512_set1_ps(0.5f)), _mm512_add_ps(e, _mm512_set1_ps(1.0f)));",
  "        _mm512_storeu_ps(y + (m + i) * 512 + n + j, g);",
  "      }",
  "    }",
  "  }",
  "}",
  "",
  "// group 5: softmax over rows",
  "static void g5_softmax(const float* __restrict x, float* __restrict y, int r) {",
  "  const __mmask16 k = 0x3ff;",
  "  __m512 v = _mm512_maskz_loadu_ps(k, x + r * 10);",
  "  float m = _mm512_mask_reduce_max_ps(k, v);",
  "  __m512 e = fs::exp_ps(_mm512_sub_ps(v, _mm512_set1_ps(m)));",
  "  float s = _mm512_mask_reduce_add_ps(k, e);",
  "  _mm512_mask_storeu_ps(y + r * 10, k, _mm512_div_ps(e, _mm512_set1_ps(s)));",
  "}",
];

const asmText: readonly (readonly [string, number])[] = [
  ["g1_fc1:", 2],
  ["  imul   r8d, r8d, 32", 3],
  ["  xor    r11d, r11d", 4],
  [".L3:", 4],
  ["  call   brgemm_f32_32_64_64", 6],
  [".L5:", 8],
  ["  vmovaps zmm0, zmmword ptr [rsp + rax]", 9],
  ["  vaddps zmm0, zmm0, zmmword ptr [rdx + rax]", 10],
  ["  vmulps zmm1, zmm0, dword ptr [rip + .LC0]{1to16}", 11],
  ["  call   erf_ps", 11],
  ["  vmulps zmm0, zmm0, dword ptr [rip + .LC1]{1to16}", 12],
  ["  vfmadd213ps zmm1, zmm0, zmm0", 12],
  ["  vmovups zmmword ptr [rcx + rax], zmm1", 13],
  ["  add    rax, 64", 8],
  ["  cmp    rax, 256", 8],
  ["  jne    .L5", 8],
  ["  jmp    .L3", 4],
  ["  ret", 17],
  ["g5_softmax:", 20],
  ["  kmovw  k1, dword ptr [rip + .LC2]", 21],
  ["  vmovups zmm0{k1}{z}, zmmword ptr [rdi]", 22],
  ["  vextractf64x4 ymm1, zmm0, 1", 23],
  ["  vmaxps zmm1, zmm0, zmm1", 23],
  ["  call   exp_ps", 24],
  ["  vdivps zmm0, zmm0, zmm2", 26],
  ["  vmovups zmmword ptr [rsi]{k1}, zmm0", 26],
  ["  ret", 27],
];

export interface Fixture {
  readonly messages: ToPage[];
  readonly texts: Record<string, TextReply>;
  readonly replies: Record<string, unknown>;
}

const info = (index: number): PassInfo => {
  const [name, level, why, optional] = passNames[index]!;
  return { index, name, level, why, optional: optional === true };
};

/** The whole compilation. `hostile` gives nodes names that are markup. `failAt` makes that pass fail. */
export function mlp(options: { readonly hostile?: boolean; readonly trusted?: boolean; readonly failAt?: number } = {}): Fixture {
  const story = new Story();
  if (options.hostile) {
    const evil = '<img src=x onerror="document.body.dataset.hacked=1">\u202e</script>';
    story.graph = {
      ...story.graph,
      nodes: story.graph.nodes.map((node) => (node.name === "/fc1/MatMul" ? { ...node, name: evil } : node)),
      values: story.graph.values.map((value) => (value.name === "fc1_y" ? { ...value, name: evil } : value)),
    };
  }
  const first = story.graph;
  const steps: (() => FixtureGraph)[] = [
    () => first,
    () => story.specialise(),
    () => story.graph,
    () => story.fold(),
    () => story.simplify(),
    () => story.recognise(),
    () => story.graph,
    () => story.decompose(),
  ];
  if (!options.hostile)
    steps.push(
      () => story.prepack(),
      () => story.fuse(),
    );
  const graphs = steps.map((make) => make());
  const writer = new DeltaWriter();
  const deltas = graphs.map((graph, i) => writer.next(i, graph));
  const end = options.failAt ?? (options.hostile ? graphs.length - 1 : passNames.length - 1);
  const passes = Array.from({ length: end + 1 }, (_, i): PassEvent => passEvent(i, graphs, options.failAt));
  const last = graphs[Math.min(graphs.length, options.failAt ?? Infinity) - 1]!;
  const summary = summaryOf(passes, last, first);
  const panelOptions = { isa: "avx512", threads: 2, precision: "f32" as const, dims: { N: batch }, without: [] };
  const hello: Hello = {
    model: { name: "mlp-gelu.onnx", path: "/models/mlp-gelu.onnx", bytes: 2_158_432 },
    options: panelOptions,
    isas: [
      { name: "auto", missing: [] },
      { name: "avx2", missing: [] },
      { name: "avx512", missing: [] },
      { name: "amx", missing: ["amx_tile", "amx_bf16"] },
    ],
    maxThreads: 2,
    dims: [{ name: "N", value: batch, source: "set" }],
    passes: passNames.map((_, i) => info(i)),
    trusted: options.trusted ?? true,
    strings: {},
  };
  const failed =
    options.failAt === undefined
      ? []
      : [
          {
            type: "failed" as const,
            generation,
            error: {
              code: "pass-failed",
              message: `Pass ${passNames[options.failAt]![0]} failed: value 19 has no producer.`,
              next: "The stages before it are shown; report this with the model.",
            },
          },
        ];
  return {
    messages: [
      { type: "hello", hello },
      { type: "generation", generation, options: panelOptions },
      ...deltas.filter(({ stage }) => stage < (options.failAt ?? Infinity)).map((delta): ToPage => ({ type: "stage", generation, delta })),
      { type: "summary", generation, summary },
      ...failed,
    ],
    texts: textsOf(last, end),
    replies: {
      bench: benchResult,
      compile: { generation: 2 },
      openText: null,
      openDiff: null,
      tensor: {
        dtype: "f32",
        shape: [512],
        values: Float64Array.from({ length: 64 }, (_, i) => Math.sin(i) / 20),
        min: -0.0498,
        max: 0.0499,
        mean: 0.0004,
      },
    },
  };
}

function passEvent(i: number, graphs: readonly FixtureGraph[], failAt: number | undefined): PassEvent {
  const changed = [0, 1, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13].includes(i);
  const size = (stage: number): number => graphs[Math.max(0, Math.min(stage, graphs.length - 1))]!.nodes.length;
  const removed = (stage: number): number[] =>
    graphs[stage - 1]!.nodes.filter(({ id }) => !graphs[stage]?.nodes.some((node) => node.id === id)).map(({ id }) => id);
  const added = (stage: number): number[] =>
    graphs[stage]!.nodes.filter(({ id }) => !graphs[stage - 1]!.nodes.some((node) => node.id === id)).map(({ id }) => id);
  const rules: Readonly<Record<number, (stage: number) => RuleHit[]>> = {
    3: (s) => [{ rule: "fold/transpose", before: removed(s), after: [], note: "fc2.weight: 512 KB computed once" }],
    4: (s) => [{ rule: "simplify/identity", before: removed(s), after: [] }],
    5: (s) =>
      added(s).map((id, k) => ({
        rule: "gelu/erf",
        before: removed(s).slice(k * 5, k * 5 + 5),
        after: [id],
        note: "div erf add mul mul → gelu",
      })),
    7: (s) => [{ rule: "decompose/softmax", before: removed(s), after: added(s), note: "softmax → max sub exp sum div" }],
    8: (s) => added(s).map((id) => ({ rule: "prepack/f32", before: [], after: [id], note: "KN64k16n" })),
  };
  if (i === failAt)
    return {
      ...info(i),
      status: "failed",
      reason: `value 19 has no producer`,
      ms: 0.7,
      opsBefore: size(i - 1),
      opsAfter: size(i - 1),
      hits: [],
    };
  return {
    ...info(i),
    status: changed ? "changed" : "same",
    ms: [1.8, 0.6, 0.9, 2.4, 0.3, 0.5, 0.2, 0.3, 0.4, 1.6, 3.1, 0.8, 0.5, 4.2][i]!,
    opsBefore: size(i - 1),
    opsAfter: size(i),
    hits: (i < graphs.length && rules[i]?.(i)) || [],
  };
}

function summaryOf(passes: readonly PassEvent[], last: FixtureGraph, first: FixtureGraph): CompilationSummary {
  const id = (name: string): number => last.nodes.find((node) => node.name === name)?.id ?? -1;
  const fusion = (
    from: string,
    to: string,
    accepted: boolean,
    because: string,
    group: number | undefined,
    facts: Verdict["facts"] = [],
  ): Verdict => ({
    subject: "fusion",
    accepted,
    rule: accepted ? "fuse/element-wise" : "fuse/row-reduction",
    because,
    facts,
    nodes: [id(from), id(to)],
    ...(group === undefined ? {} : { group }),
  });
  const groups = last.groups ?? [];
  const verdicts: Verdict[] =
    groups.length === 0
      ? []
      : [
          fusion("/fc1/MatMul", "/fc1/Add", true, "fused: element-wise on the tile while it is in registers", 1, [
            { name: "bytes saved", value: 524288, unit: "B" },
          ]),
          fusion("/fc1/Add", "/fc1/act/Gelu", true, "fused: element-wise on the tile while it is in registers", 1, [
            { name: "bytes saved", value: 524288, unit: "B" },
          ]),
          fusion(
            "/fc1/act/Gelu",
            "/fc2/MatMul",
            false,
            "not fused: fc2 reads all 512 columns of a row, but N is computed 64 at a time (parallelism 4 -> 1)",
            undefined,
            [
              { name: "parallelism fused", value: 1 },
              { name: "parallelism apart", value: 4 },
              { name: "bytes saved", value: 524288, unit: "B" },
            ],
          ),
          fusion("/fc2/MatMul", "/fc2/Add", true, "fused: element-wise on the tile while it is in registers", 3),
          fusion("/fc2/Add", "/fc2/act/Gelu", true, "fused: element-wise on the tile while it is in registers", 3),
          fusion("/fc2/act/Gelu", "/head/MatMul", false, "not fused: another matmul leads its own group", undefined),
          fusion("/head/MatMul", "/head/Add", true, "fused: element-wise on the tile while it is in registers", 4),
          fusion(
            "/head/Add",
            "/head/Softmax/reduce_max",
            false,
            "not fused: needs the whole row, but N is split over 2 threads (parallelism 1.0 -> 0.5)",
            undefined,
            [{ name: "parallelism", value: 0.5 }],
          ),
          {
            subject: "template",
            accepted: true,
            rule: "matmul/blocking",
            because: "32x64 tiles over 2 threads: 96 % of the estimated peak",
            facts: [{ name: "estimated", value: 0.41, unit: "ms" }],
            nodes: [id("/fc1/MatMul")],
            group: 1,
            alternatives: [
              { choice: "64x64", cost: 0.47, unit: "ms" },
              { choice: "16x128", cost: 0.55, unit: "ms" },
            ],
          },
          {
            subject: "layout",
            accepted: true,
            rule: "layout/weights",
            because: "packed once as KN64k16n: 1.6 MB moved once instead of strided reads in every run",
            facts: [],
            nodes: [id("/fc1/MatMul")],
            group: 1,
          },
        ];
  const buffer = (
    number: number,
    name: string,
    bytes: number,
    offset: number,
    firstStep: number,
    lastStep: number,
    group: number,
    reuses: number[] = [],
  ) => ({
    id: number,
    name,
    scope: "arena",
    dtype: "f32",
    shape: [batch, bytes / 4 / batch],
    bytes,
    offset,
    firstStep,
    lastStep,
    groups: [group],
    reuses,
    ...(valueOf(last, name) === undefined ? {} : { value: valueOf(last, name)! }),
  });
  return {
    model: "mlp-gelu.onnx",
    isa: "avx512",
    threads: 2,
    precision: "f32",
    dims: { N: batch },
    passes,
    sources: first.nodes.map((node, i) => ({
      path: `#${i}`,
      opType: node.op[0]!.toUpperCase() + node.op.slice(1),
      domain: "",
      name: node.name,
    })),
    groups,
    verdicts,
    unsupported: [],
    buffers:
      groups.length === 0
        ? []
        : [
            buffer(0, "fc1_g", 262144, 0, 0, 1, 1),
            buffer(1, "fc2_g", 131072, 262144, 1, 2, 3),
            buffer(2, "head_b", 5120, 0, 2, 3, 4, [0]),
            buffer(3, "head_exp", 5120, 8192, 3, 3, 5, [0]),
            buffer(4, "head_max", 512, 16384, 3, 3, 5, [0]),
          ],
    kernels:
      groups.length === 0
        ? []
        : [
            { group: 1, name: "g1_fc1", irLines: [1, 16], cppLines: [1, 17] },
            { group: 5, name: "g5_softmax", irLines: [18, 24], cppLines: [19, 27] },
          ],
    arenaBytes: 393216,
    arenaBytesWithoutReuse: 403968,
    constantBytes: 2_143_272,
    flops: 137_363_456,
    bytes: 3_400_000,
    caches: { l1: 32768, l2: 262144, l3: 33554432 },
  };
}

const valueOf = (graph: FixtureGraph, name: string): number | undefined => graph.values.find((value) => value.name === name)?.id;

function textsOf(last: FixtureGraph, end: number): Record<string, TextReply> {
  const id = (name: string): number => last.nodes.find((node) => node.name === name)?.id ?? -1;
  const [matmul, add, act, softmax] = [
    id("/fc1/MatMul"),
    id("/fc1/Add"),
    id("/fc1/act/Gelu"),
    last.nodes.filter(({ name }) => name.startsWith("/head/Softmax")).map((node) => node.id),
  ];
  const origin = (line: number, stmt: number, nodes: readonly number[]): LineOrigin => ({ line, stmt, nodes });
  const ir = [
    origin(2, 1, [matmul]),
    origin(3, 2, [matmul]),
    origin(4, 3, [matmul]),
    origin(5, 4, [matmul]),
    origin(6, 5, [add, act]),
    origin(7, 6, [add, act]),
    origin(8, 7, [add]),
    origin(9, 8, [add]),
    origin(10, 9, [act]),
    origin(11, 10, [act]),
    origin(19, 11, softmax),
    origin(20, 12, softmax.slice(0, 1)),
    origin(21, 13, softmax.slice(1, 4)),
    origin(22, 14, softmax.slice(4)),
  ];
  const cpp = [
    origin(3, 1, [matmul]),
    origin(4, 2, [matmul]),
    origin(5, 3, [matmul]),
    origin(6, 4, [matmul]),
    origin(7, 5, [add, act]),
    origin(8, 6, [add, act]),
    origin(9, 7, [add]),
    origin(10, 8, [add]),
    origin(11, 9, [act]),
    origin(12, 10, [act]),
    origin(13, 10, [act]),
    origin(22, 12, softmax.slice(0, 1)),
    origin(23, 12, softmax.slice(0, 1)),
    origin(24, 13, softmax.slice(1, 4)),
    origin(25, 13, softmax.slice(1, 4)),
    origin(26, 14, softmax.slice(4)),
  ];
  const texts: Record<string, TextReply> = {};
  for (let stage = 0; stage <= end; stage += 1) texts[`ir:${stage}`] = { language: "fusionscope-ir", lines: irText, origins: ir };
  texts[`cpp:${end}`] = { language: "cpp", lines: cppText, origins: cpp };
  texts[`asm:${end}`] = {
    language: "asm",
    lines: asmText.map(([line]) => line),
    origins: [],
    source: Int32Array.from(asmText, ([, line]) => line),
  };
  return texts;
}

/** What a benchmark of the model might say. */
export const benchResult: BenchResult = {
  isa: "avx512",
  threads: 2,
  precision: "f32",
  scope: "model",
  ours: { minMs: 0.497, medianMs: 0.512, p95Ms: 0.561, runs: 812, ci95: [0.509, 0.516] },
  baselines: { ort: { minMs: 0.731, medianMs: 0.764, p95Ms: 0.842, runs: 812, ci95: [0.757, 0.771], version: "1.30.0" } },
  speedup: { ort: { median: 1.49, ci95: [1.46, 1.52] } },
  control: { median: 1.002, ci95: [0.991, 1.012] },
  flops: 137_363_456,
  gflops: 268.3,
  bytes: 3_400_000,
  peakGflops: 302,
  peakGBs: 21.4,
  counters: {
    cycles: { value: null, valid: false, why: "perf_event_open: no hardware counters in this virtual machine" },
    instructions: { value: null, valid: false, why: "perf_event_open: no hardware counters in this virtual machine" },
    "task-clock ns": { value: 1_021_334, valid: true },
    "page-faults": { value: 0, valid: true },
    "context-switches": { value: 2, valid: true },
  },
  regions: [
    { group: 1, ns: 612_000 },
    { group: 3, ns: 205_000 },
    { group: 4, ns: 31_000 },
    { group: 5, ns: 22_000 },
  ],
};
