/** Models of recurrent networks and of ONNX Runtime's attention operators, with every option that changes what is computed. */
import { modelBuilder, type AttributeInput, type ModelBuilder } from "../../compiler-core/onnx/builder.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { cells, type Cell } from "../../compiler-core/graph/ops/rnn.ts";
import { fromValues, type NdArray } from "../../compiler-core/graph/ndarray.ts";

export interface SequenceCase {
  readonly name: string;
  readonly model: OnnxModel;
  readonly inputs: ReadonlyMap<string, NdArray>;
}

/** A deterministic stream of numbers in [-1, 1). */
function random(seed: number): () => number {
  let x = seed;
  return () => {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    return x / 0x40000000 - 1;
  };
}

/** A model with one node under way: operands get names, shapes and random data. */
class Draft {
  readonly values = new Map<string, NdArray>();
  readonly operands: string[] = [];
  readonly #next: () => number;
  constructor(
    readonly builder: ModelBuilder,
    seed: number,
  ) {
    this.#next = random(seed);
  }
  absent(): this {
    this.operands.push("");
    return this;
  }
  floats(name: string, dims: readonly number[], constant = false, scale = 1): this {
    const nd = fromValues(
      "f32",
      dims,
      Array.from({ length: dims.reduce((a, d) => a * d, 1) }, () => scale * this.#next()),
    );
    if (constant) this.builder.initializer(name, "f32", dims, nd.data as Float32Array);
    else {
      this.builder.input(name, "f32", dims);
      this.values.set(name, nd);
    }
    this.operands.push(name);
    return this;
  }
  ints(name: string, values: readonly number[], dims: readonly number[] = [values.length]): this {
    this.builder.input(name, "i32", dims);
    this.values.set(name, fromValues("i32", dims, values));
    this.operands.push(name);
    return this;
  }
  done(
    name: string,
    op: string,
    outputs: number,
    options: { domain?: string; attributes: Readonly<Record<string, AttributeInput>> },
  ): SequenceCase {
    const names = Array.from({ length: outputs }, (_, i) => `out${i}`);
    this.builder.multi(op, this.operands, names, options);
    for (const n of names) this.builder.output(n, "f32");
    return { name, model: this.builder.build(), inputs: this.values };
  }
}

interface Recurrent {
  readonly cell: Cell;
  readonly direction?: "forward" | "reverse" | "bidirectional";
  readonly steps?: number;
  readonly batch?: number;
  readonly depth?: number;
  readonly units?: number;
  readonly bias?: boolean;
  readonly lengths?: readonly number[];
  readonly state?: boolean;
  readonly peepholes?: boolean;
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
  /** Weights as inputs of the model, not constants. */
  readonly givenWeights?: boolean;
}

function recurrent(c: Recurrent, i: number): SequenceCase {
  const { cell, direction = "forward", steps = 5, batch = 2, depth = 3, units = 4 } = c;
  const d = direction === "bidirectional" ? 2 : 1;
  const { gates } = cells[cell];
  const draft = new Draft(modelBuilder({ opset: 14 }), 77 + i);
  const fixed = c.givenWeights !== true;
  draft.floats("X", [steps, batch, depth]).floats("W", [d, gates * units, depth], fixed, 0.5);
  draft.floats("R", [d, gates * units, units], fixed, 0.5);
  if (c.bias === true) draft.floats("B", [d, 2 * gates * units], fixed, 0.5);
  else draft.absent();
  if (c.lengths === undefined) draft.absent();
  else draft.ints("lengths", c.lengths);
  if (c.state === true) draft.floats("h0", [d, batch, units]);
  else draft.absent();
  if (cell === "lstm") {
    if (c.state === true) draft.floats("c0", [d, batch, units]);
    else draft.absent();
    if (c.peepholes === true) draft.floats("P", [d, 3 * units], fixed);
    else draft.absent();
  }
  const { gates: _, ...rest } = { gates, ...c };
  const name = Object.entries(rest).map(([k, v]) => `${k}=${JSON.stringify(v)}`);
  return draft.done(name.join(" "), cell.toUpperCase(), cells[cell].outputs, {
    attributes: { hidden_size: units, direction, ...c.attributes },
  });
}

const float = (value: number): AttributeInput => ({ kind: "float", value });
const floats = (...value: readonly number[]): AttributeInput => ({ kind: "floats", value });
const both = { direction: "bidirectional", bias: true, state: true } as const;

const recurrentCases: readonly Recurrent[] = [
  ...(["lstm", "gru", "rnn"] as const).flatMap((cell): Recurrent[] => [
    { cell },
    { cell, direction: "reverse", bias: true },
    { cell, ...both, units: 17, batch: 3 },
    { cell, ...both, lengths: [3, 5], units: 16 },
    { cell, direction: "reverse", bias: true, lengths: [2, 4], state: true },
    { cell, bias: true, steps: 1, batch: 1, units: 1, depth: 1 },
    { cell, bias: true, state: true, units: 33, depth: 20, steps: 40, batch: 1 },
    { cell, bias: true, attributes: { clip: float(0.3) } },
    { cell, bias: true, state: true, givenWeights: true },
  ]),
  { cell: "gru", ...both, attributes: { linear_before_reset: 1 } },
  { cell: "gru", bias: true, lengths: [5, 1], attributes: { linear_before_reset: 1 }, units: 19 },
  { cell: "lstm", ...both, peepholes: true },
  {
    cell: "lstm",
    bias: true,
    attributes: { activations: ["HardSigmoid", "Softsign", "Relu"], activation_alpha: floats(0.3), activation_beta: floats(0.4) },
  },
  { cell: "rnn", attributes: { activations: ["LeakyRelu"], activation_alpha: floats(0.2) } },
  { cell: "rnn", attributes: { activations: ["Affine"], activation_alpha: floats(0.5), activation_beta: floats(0.1) } },
  {
    cell: "rnn",
    direction: "bidirectional",
    attributes: { activations: ["ScaledTanh", "Elu"], activation_alpha: floats(0.5, 0.7), activation_beta: floats(0.9) },
  },
  { cell: "gru", attributes: { activations: ["Sigmoid", "ThresholdedRelu"], activation_alpha: floats(0.1) } },
];

/** Attention of ONNX Runtime's own domain: 2 batches, 5 tokens, 3 heads of 4. */
function contribCases(): readonly SequenceCase[] {
  const [batch, length, heads, size] = [2, 5, 3, 4];
  const width = heads * size;
  const domain = "com.microsoft";
  const start = (seed: number): Draft => new Draft(modelBuilder({ opset: 17, opsets: { [domain]: 1 } }), seed);
  const joint = (seed: number): Draft =>
    start(seed)
      .floats("x", [batch, length, 8])
      .floats("w", [8, 3 * width], true, 0.5)
      .floats("b", [3 * width], true);
  const apart = (seed: number, keys = length): Draft =>
    start(seed).floats("q", [batch, length, width]).floats("k", [batch, keys, width]).floats("v", [batch, keys, width]);
  const options = (attributes: Readonly<Record<string, AttributeInput>> = {}) => ({
    domain,
    attributes: { num_heads: heads, ...attributes },
  });
  const mask = [1, 1, 1, 0, 0, 1, 1, 1, 1, 1];
  return [
    joint(1).done("Attention", "Attention", 1, options()),
    joint(2).done("Attention, causal", "Attention", 1, options({ unidirectional: 1 })),
    joint(3).ints("mask", mask, [batch, length]).done("Attention, mask of keys", "Attention", 1, options()),
    joint(4).ints("mask", [3, 5]).done("Attention, mask of lengths", "Attention", 1, options()),
    joint(5)
      .absent()
      .floats("past", [2, batch, heads, 3, size])
      .done("Attention, past", "Attention", 2, options({ unidirectional: 1 })),
    joint(6)
      .absent()
      .absent()
      .floats("bias", [batch, heads, length, length])
      .done("Attention, bias", "Attention", 1, options({ scale: float(0.4) })),
    apart(7).done("MultiHeadAttention", "MultiHeadAttention", 1, options()),
    apart(8, 7)
      .floats("bias", [3 * width], true)
      .done("MultiHeadAttention, cross, bias", "MultiHeadAttention", 1, options()),
    apart(9).absent().ints("mask", mask, [batch, length]).done("MultiHeadAttention, mask of keys", "MultiHeadAttention", 1, options()),
    apart(10)
      .absent()
      .absent()
      .absent()
      .floats("pk", [batch, heads, 3, size])
      .floats("pv", [batch, heads, 3, size])
      .done("MultiHeadAttention, past", "MultiHeadAttention", 3, options()),
    start(11)
      .floats("q", [batch, length, width])
      .floats("k", [batch, heads, 7, size])
      .floats("v", [batch, heads, 7, size])
      .done("MultiHeadAttention, keys by head", "MultiHeadAttention", 1, options()),
  ];
}

export const sequenceCases: readonly SequenceCase[] = [...recurrentCases.map(recurrent), ...contribCases()];
