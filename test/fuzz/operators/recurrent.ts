/** Recurrent networks: directions, lengths of sequences, initial states, peepholes, clipping, other activations, absent operands. */
import type { AttributeInput } from "../../../compiler-core/onnx/builder.ts";
import { number, row, type Draw, type Result, type Row, type Val } from "../draw.ts";

interface Cell {
  readonly gates: number;
  /** Activation functions of one direction, each with what may stand in its place. */
  readonly activations: readonly (readonly string[])[];
  readonly attributes?: (d: Draw) => Record<string, AttributeInput>;
  /** The second state, and weights from it to three gates. */
  readonly memory?: true;
}
const cells: Readonly<Record<string, Cell>> = {
  RNN: { gates: 1, activations: [["Tanh", "Relu", "Sigmoid", "Softsign", "Affine", "ScaledTanh"]] },
  GRU: {
    gates: 3,
    activations: [
      ["Sigmoid", "HardSigmoid"],
      ["Tanh", "Softsign", "Relu"],
    ],
    attributes: (d) => ({ linear_before_reset: d.random.integer(0, 1) }),
  },
  LSTM: {
    gates: 4,
    activations: [
      ["Sigmoid", "HardSigmoid"],
      ["Tanh", "Softsign"],
      ["Tanh", "Sigmoid"],
    ],
    attributes: (d) => ({ input_forget: d.chance(0.15) ? 1 : 0 }),
    memory: true,
  },
};

/** Their parameters stand in order, of those that have any: without them, ONNX Runtime takes others than the operators' own. */
const withAlpha = ["Affine", "ScaledTanh", "HardSigmoid"];
const activationAttributes = (names: readonly string[]): Record<string, AttributeInput> => {
  const list = (value: number): AttributeInput => ({ kind: "floats", value: names.filter((n) => withAlpha.includes(n)).map(() => value) });
  return {
    activations: names,
    ...(names.some((n) => withAlpha.includes(n)) ? { activation_alpha: list(0.5), activation_beta: list(0.25) } : {}),
  };
};

/** The lengths of the sequences: constants, or data. */
function lengths(d: Draw, steps: number, batch: number): Val | string {
  if (!d.chance(0.4)) return "";
  if (d.chance(0.4)) return d.input("i32", [batch], [1, steps]);
  const values = Array.from({ length: batch }, () => d.random.integer(1, steps));
  return d.constant("i32", [batch], values);
}

const recurrent = (op: string, { gates, activations, attributes, memory }: Cell): Row =>
  row(op, 2, (d) => {
    const fits = (v: Val): boolean => v.dtype === "f32" && v.shape.length === 3 && !v.shape.includes(0) && v.bound < 20 && v.shape[0]! < 10;
    const x = d.pick(fits, () => d.input("f32", [d.one([1, 2, 4, 5]), d.one([1, 2, 3]), d.one([1, 3, 8, 17])]))!;
    if (!fits(x)) return undefined;
    const [steps, batch, width] = x.shape as [number, number, number];
    const hidden = d.one([1, 2, 3, 8, 16, 17]);
    const direction = d.one(["forward", "reverse", "bidirectional"]);
    const n = direction === "bidirectional" ? 2 : 1;
    const optional = (p: number, shape: readonly number[]): Val | string => (d.chance(p) ? d.weights(shape) : "");
    const state = [n, batch, hidden];
    const inputs = [
      x,
      d.weights([n, gates * hidden, width]),
      d.weights([n, gates * hidden, hidden], 0.25),
      optional(0.6, [n, 2 * gates * hidden]),
      lengths(d, steps, batch),
      optional(0.4, state),
      ...(memory ? [optional(0.4, state), optional(0.3, [n, 3 * hidden])] : []),
    ];
    while (inputs.at(-1) === "") inputs.pop();
    const names = Array.from({ length: n }, () => activations.map((choice) => d.one(choice))).flat();
    const results: Result[] = [
      { shape: [steps, n, batch, hidden], bound: 20 },
      ...(memory ? [1, 2] : [1]).map(() => ({ shape: state, bound: 20 })),
    ];
    return d.node(op, inputs, results.slice(0, d.random.integer(1, results.length)), {
      hidden_size: hidden,
      direction,
      ...(d.chance(0.35) ? activationAttributes(names) : {}),
      ...(d.chance(0.2) ? { clip: number(d.one([0.5, 3])) } : {}),
      ...attributes?.(d),
    });
  });

export const recurrentRows: readonly Row[] = Object.entries(cells).map(([op, cell]) => recurrent(op, cell));
