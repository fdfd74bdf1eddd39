/** ONNX LSTM, GRU and RNN: one product of all inputs with the weights, then the steps. */
import type { ValueId } from "../../graph/ir.ts";
import { activations, cells, type Cell } from "../../graph/ops/rnn.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

const defaultFunctions: Readonly<Record<Cell, readonly string[]>> = {
  lstm: ["Sigmoid", "Tanh", "Tanh"],
  gru: ["Sigmoid", "Tanh"],
  rnn: ["Tanh"],
};

interface Functions {
  readonly functions: readonly string[];
  readonly alphas: readonly number[];
  readonly betas: readonly number[];
}

/** The functions of all directions; alphas and betas are given in order, for those functions that have them. */
function functionsOf(c: BuildCall, cell: Cell, directions: number): Functions {
  const given = c.strings("activations");
  const names = (given ?? Array.from({ length: directions }, () => defaultFunctions[cell]).flat()).map((n) => n.toLowerCase());
  if (names.length !== directions * cells[cell].functions) notCompiled(`${names.length} activation functions are given`);
  const [alphas, betas] = [[...(c.floats("activation_alpha") ?? [])], [...(c.floats("activation_beta") ?? [])]];
  const take = (from: number[], fallback: number | undefined): number => (fallback === undefined ? 0 : (from.shift() ?? fallback));
  const defaults = names.map((n) => activations[n]?.defaults ?? notCompiled(`the activation function ${n} is not known`));
  return { functions: names, alphas: defaults.map(([a]) => take(alphas, a)), betas: defaults.map(([, b]) => take(betas, b)) };
}

const directionsOf: Readonly<Record<string, readonly boolean[]>> = { forward: [false], reverse: [true], bidirectional: [false, true] };

/** Bias of all gates (direction, 2 * gates): that of the inputs plus that of the state. */
function biases(c: BuildCall, cell: Cell, units: number, directions: number, linearFirst: boolean) {
  const width = cells[cell].gates * units;
  const part = (from: number, to: number): ValueId => c.add("slice", [c.input(3)], { starts: [from], ends: [to], axes: [1], steps: [1] });
  const flat = (x: ValueId): ValueId => c.add("reshape", [x], { shape: [directions * width], allowZero: true });
  if (!linearFirst) return { bias: flat(c.add("add", [part(0, width), part(width, 2 * width)])), hidden: undefined };
  // The reset gate scales the bias of the hidden gate too, so that one stays apart.
  const none = c.constant(c.dtype(3), [directions, units], new Array<number>(directions * units).fill(0));
  const early = c.add("concat", [part(width, width + 2 * units), none], { axis: 1 });
  return { bias: flat(c.add("add", [part(0, width), early])), hidden: part(width + 2 * units, 2 * width) };
}

const recurrent =
  (cell: Cell): Builder =>
  (c) => {
    const reverse = directionsOf[c.text("direction", "forward")] ?? notCompiled(`direction ${c.text("direction", "")} is not known`);
    const directions = reverse.length;
    const units = c.int("hidden_size") ?? extentOf(c, 2, 2);
    const [width, depth] = [cells[cell].gates * units, extentOf(c, 1, 2)];
    const batchFirst = c.int("layout", 0) === 1;
    const turned = (x: ValueId | null, perm: readonly number[]): ValueId | null =>
      x === null || !batchFirst ? x : c.add("transpose", [x], { perm });
    const linearFirst = cell === "gru" && c.flag("linear_before_reset");
    const weights = c.add("reshape", [c.input(1)], { shape: [directions * width, depth], allowZero: true });
    const product = c.add("matmul", [turned(c.input(0), [1, 0, 2])!, weights], { transB: true });
    const given = c.has(3) ? biases(c, cell, units, directions, linearFirst) : undefined;
    const projected = given === undefined ? product : c.add("add", [product, given.bias]);
    const steps = c.add("transpose", [c.input(2)], { perm: [0, 2, 1] });
    const peepholes =
      cell === "lstm" && c.has(7) ? c.add("reshape", [c.input(7)], { shape: [directions, 3, units], allowZero: true }) : null;
    const state = (i: number): ValueId | null => turned(c.optional(i), [1, 0, 2]);
    const operands = [projected, steps, state(5), cell === "lstm" ? state(6) : null, peepholes, c.optional(4), given?.hidden ?? null];
    while (operands.at(-1) === null) operands.pop();
    const outputs = c.addMany(
      "recurrent",
      operands,
      {
        cell,
        reverse: reverse.flatMap((r, i) => (r ? [i] : [])),
        ...functionsOf(c, cell, directions),
        clip: c.float("clip", 0),
        inputForget: cell === "lstm" && c.flag("input_forget"),
        linearFirst,
      },
      cells[cell].outputs,
    );
    return outputs.map((y, i) => turned(y, i === 0 ? [2, 0, 1, 3] : [1, 0, 2])!).slice(0, Math.max(1, c.outputCount));
  };

function extentOf(c: BuildCall, operand: number, axis: number): number {
  const extent = c.shape(operand)?.[axis];
  return typeof extent === "number" ? extent : notCompiled("the shape of its weights is not known");
}

export const rnnBuilders: Readonly<Record<string, Builder>> = { LSTM: recurrent("lstm"), GRU: recurrent("gru"), RNN: recurrent("rnn") };
