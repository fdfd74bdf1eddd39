/** Reference evaluation of recurrent networks: step by step, in double; states and outputs are rounded when they are stored. */
import { roundFloat } from "../tensor/rounding.ts";
import { variable } from "../tensor/build.ts";
import { compileScalar } from "./eval-scalar.ts";
import type { Attrs } from "./ir.ts";
import { allocate, type Mode, type NdArray, type NumberArray } from "./ndarray.ts";
import { activationOf, cellOf, cells, isReverse, operandsOf } from "./ops/rnn.ts";
import { boolAttr, type EvalCall } from "./ops/op.ts";

/** One direction of one batch: its state and what it reads. */
interface Run {
  readonly units: number;
  /** Projected input of gate `g`, unit `j` at the current step. */
  readonly input: (g: number, j: number) => number;
  /** Sum over the hidden state (or another vector) of the weights of gate `g`, unit `j`. */
  readonly product: (from: Float64Array, g: number, j: number) => number;
  readonly peephole: (g: number, j: number) => number;
  readonly hiddenBias: (j: number) => number;
  readonly f: (v: number) => number;
  readonly g: (v: number) => number;
  readonly h: (v: number) => number;
  readonly attrs: Attrs;
}

type Step = (r: Run, hidden: Float64Array, cell: Float64Array) => Float64Array;

const lstm: Step = (r, hidden, cell) => {
  const next = new Float64Array(r.units);
  for (let j = 0; j < r.units; j++) {
    const gate = (g: number): number => r.input(g, j) + r.product(hidden, g, j);
    const i = r.f(gate(0) + r.peephole(0, j) * cell[j]!);
    const f = boolAttr(r.attrs, "inputForget") ? 1 - i : r.f(gate(2) + r.peephole(2, j) * cell[j]!);
    const memory = f * cell[j]! + i * r.g(gate(3));
    cell[j] = memory;
    next[j] = r.f(gate(1) + r.peephole(1, j) * memory) * r.h(memory);
  }
  return next;
};

const gru: Step = (r, hidden) => {
  const next = new Float64Array(r.units);
  const [z, reset] = [0, 1].map((g) => Float64Array.from(next, (_, j) => r.f(r.input(g, j) + r.product(hidden, g, j)))) as [
    Float64Array,
    Float64Array,
  ];
  const kept = hidden.map((v, j) => v * reset[j]!);
  for (let j = 0; j < r.units; j++) {
    const recurrent = boolAttr(r.attrs, "linearFirst") ? reset[j]! * (r.product(hidden, 2, j) + r.hiddenBias(j)) : r.product(kept, 2, j);
    next[j] = (1 - z[j]!) * r.g(r.input(2, j) + recurrent) + z[j]! * hidden[j]!;
  }
  return next;
};

const rnn: Step = (r, hidden) => Float64Array.from(hidden, (_, j) => r.f(r.input(0, j) + r.product(hidden, 0, j)));

const stepOf = { lstm, gru, rnn } as const;

function functionOf(attrs: Attrs, direction: number, i: number, gate: boolean): (v: number) => number {
  if (i >= cells[cellOf(attrs)].functions) return (v) => v;
  const compiled = compileScalar(activationOf(attrs, direction, i)(variable(0, { dtype: "f64", lanes: 1 }), gate), "f64");
  return (v) => compiled([v]) as number;
}

export function evalRecurrent({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [steps, directions, batch, units] = outputs[0]!.shape as readonly [number, number, number, number];
  const results = outputs.map((t) => allocate(t.dtype, t.shape, mode));
  const numbers = (i: number): NumberArray | undefined => inputs[i]?.data as NumberArray | undefined;
  const [x, weights] = [numbers(operandsOf.projected)!, numbers(operandsOf.weights)!];
  const [first, firstCell] = [numbers(operandsOf.hidden), numbers(operandsOf.cell)];
  const lengths = inputs[operandsOf.lengths];
  const [peepholes, bias] = [numbers(operandsOf.peepholes), numbers(operandsOf.hiddenBias)];
  const cell = cellOf(attrs);
  const { gates } = cells[cell];
  const round = rounding(results[0]!, mode);
  for (let d = 0; d < directions; d++)
    for (let b = 0; b < batch; b++) {
      const at = (d * batch + b) * units;
      const state = (from: NumberArray | undefined): Float64Array => Float64Array.from({ length: units }, (_, j) => from?.[at + j] ?? 0);
      let [hidden, memory] = [state(first), state(firstCell)];
      const known = Math.max(0, Math.min(steps, lengths == null ? steps : Number(lengths.data[b])));
      for (let n = 0; n < known; n++) {
        const t = isReverse(attrs, d) ? known - 1 - n : n;
        const run: Run = {
          units,
          attrs,
          input: (g, j) => x[((t * batch + b) * directions + d) * gates * units + g * units + j]!,
          product: (from, g, j) => from.reduce((sum, v, k) => sum + v * weights[(d * units + k) * gates * units + g * units + j]!, 0),
          peephole: (g, j) => peepholes?.[(d * 3 + g) * units + j] ?? 0,
          hiddenBias: (j) => bias?.[d * units + j] ?? 0,
          f: functionOf(attrs, d, 0, true),
          g: functionOf(attrs, d, 1, true),
          h: functionOf(attrs, d, 2, false),
        };
        hidden = stepOf[cell](run, hidden, memory).map(round);
        memory = memory.map(round);
        (results[0]!.data as NumberArray).set(hidden, ((t * directions + d) * batch + b) * units);
      }
      (results[1]!.data as NumberArray).set(hidden, at);
      if (results[2] !== undefined) (results[2].data as NumberArray).set(memory, at);
    }
  return results;
}

const rounding = (nd: NdArray, mode: Mode): ((v: number) => number) => (mode === "f64" ? (v) => v : (v) => roundFloat(nd.dtype, v));
