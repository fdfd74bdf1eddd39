/**
 * The steps of a recurrent network: time is serial, batches go out to the threads, units are lanes. A unit's gates are summed up together,
 * each in a register of its own, so that the state is read once for all of them:
 *
 *   for b in 0..B parallel
 *     for t in 0..length[b]
 *       for j in 0..H vector: gate_g = x[t, b, g, j] + sum over k of hidden[k] * weights[k, g, j]; next[j], cell[j], y[t, j] = ...
 *       hidden = next
 *     y = 0 behind the length
 */
import { bug } from "../../messages.ts";
import { valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import { activationOf, cellOf, cells, isReverse, operandsOf } from "../../graph/ops/rnn.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr, Stmt } from "../../tensor/ir.ts";
import { plus } from "../module-builder.ts";
import type { Template, TemplateCall } from "../template.ts";

/** One direction of the network. */
interface Direction {
  readonly call: TemplateCall;
  readonly node: Node;
  readonly d: number;
  readonly steps: number;
  readonly units: number;
  /** Buffers (direction, batch, unit) for what a step must not overwrite while it reads. */
  readonly next: BufferId;
  readonly scratch: readonly BufferId[];
}

/** Where a step stands. */
interface Place {
  readonly b: Expr;
  readonly t: Expr;
}

export const recurrentLoops: Template = (call) => {
  const node = call.nodes[0] ?? bug("an empty group");
  const { storage, builder, graph } = call;
  const y = node.outputs[0] ?? bug("an operator without result", { node: node.name });
  const [steps, directions, batch, units] = storage.shape(y) as [number, number, number, number];
  const { dtype } = valueOf(graph, y);
  const temporary = (name: string): BufferId => builder.buffer({ name, dtype, shape: [directions, batch, units], scope: "arena" });
  const apart = cellOf(node.attrs) === "gru" && node.attrs["linearFirst"] !== true;
  const [next, scratch] = [temporary("next"), apart ? [temporary("update"), temporary("kept")] : []];
  return Array.from({ length: directions }, (_, d) => {
    const direction: Direction = { call, node, d, steps, units, next, scratch };
    return builder.loop("parallel", "b", 0, batch, [node.id], (b) => sequence(direction, b));
  });
};

const id = (dir: Direction): readonly number[] => [dir.node.id];
const operandAt = (dir: Direction, i: number): ValueId | undefined => dir.node.inputs[i] ?? undefined;
const read = (dir: Direction, value: ValueId, index: readonly Expr[]): Expr =>
  dir.call.storage.literal(value) ?? dir.call.storage.readAt(value, { index });
const overUnits = (dir: Direction, body: (j: Expr) => Stmt[]): Stmt => dir.call.builder.loop("vector", "j", 0, dir.units, id(dir), body);
const zero = (dir: Direction): Expr => x.constant(0, valueOf(dir.call.graph, dir.node.outputs[0]!).dtype);

/** Element `j` of an output with one row per direction and batch: the state lives in the outputs for the last state. */
const stateRef = (dir: Direction, output: number, b: Expr, j: Expr) =>
  dir.call.storage.ref(dir.node.outputs[output] ?? bug("a state without output"), { index: [x.index(dir.d), b, j] });
const stateOf = (dir: Direction, output: number, b: Expr, j: Expr): Expr =>
  read(dir, dir.node.outputs[output] ?? bug("a state without output"), [x.index(dir.d), b, j]);
const temporaryRef = (dir: Direction, buffer: BufferId, b: Expr, j: Expr) => ({ buffer, index: [x.index(dir.d), b, j] });
const temporaryOf = (dir: Direction, buffer: BufferId, b: Expr, j: Expr): Expr =>
  x.load(buffer, [x.index(dir.d), b, j], zero(dir).type.dtype);

function sequence(dir: Direction, b: Expr): Stmt[] {
  const { builder, storage } = dir.call;
  const { node, steps } = dir;
  const first = (output: number, operand: number): Stmt =>
    overUnits(dir, (j) => {
      const from = operandAt(dir, operand);
      const value = from === undefined ? zero(dir) : read(dir, from, [x.index(dir.d), b, j]);
      return [builder.store(stateRef(dir, output, b, j), value, id(dir))];
    });
  const begin = [first(1, operandsOf.hidden), ...(node.outputs.length > 2 ? [first(2, operandsOf.cell)] : [])];
  const given = operandAt(dir, operandsOf.lengths);
  const bounded = (n: Expr): Expr => x.binary("min", x.binary("max", x.cast(n, "i64"), x.index(0)), x.index(steps));
  const known = given === undefined ? undefined : builder.let("length", bounded(read(dir, given, [b])), id(dir));
  const length = known?.ref ?? x.index(steps);
  const loop = builder.loop("serial", "n", 0, length, id(dir), (n) => {
    const t = isReverse(node.attrs, dir.d) ? x.sub(plus(length, -1), n) : n;
    return [...step(dir, { b, t }), carry(dir, b)];
  });
  const rest = builder.loop("serial", "t", length, steps, id(dir), (t) => [
    overUnits(dir, (j) => [builder.store(storage.ref(node.outputs[0]!, { index: [t, x.index(dir.d), b, j] }), zero(dir), id(dir))]),
  ]);
  return [...begin, ...(known === undefined ? [] : [known.stmt]), loop, ...(known === undefined ? [] : [rest])];
}

/** The next hidden state becomes the present one. */
const carry = (dir: Direction, b: Expr): Stmt =>
  overUnits(dir, (j) => [dir.call.builder.store(stateRef(dir, 1, b, j), temporaryOf(dir, dir.next, b, j), id(dir))]);

const step = (dir: Direction, at: Place): Stmt[] => writers[cellOf(dir.node.attrs)](dir, at);

type Source = (k: Expr) => Expr;
const hidden =
  (dir: Direction, at: Place): Source =>
  (k) =>
    stateOf(dir, 1, at.b, k);

/** Registers with the sums of gates `which` of unit `j`; `start` is added to the product with the state, not to its argument. */
function gates(dir: Direction, which: readonly { readonly start: Expr; readonly gate: number }[], from: Source, j: Expr) {
  const { builder } = dir.call;
  const weights = operandAt(dir, operandsOf.weights) ?? bug("weights are missing");
  const registers = which.map(({ start, gate }) => builder.register(`gate${gate}`, start, id(dir)));
  const loop = builder.loop("serial", "k", 0, dir.units, id(dir), (k) =>
    registers.map((r, i) => {
      const weight = read(dir, weights, [x.index(dir.d), k, plus(j, which[i]!.gate * dir.units)]);
      return builder.accum(r.ref.id, "add", x.mul(from(k), weight), id(dir));
    }),
  );
  return { stmts: [...registers.map((r) => r.stmt), loop], refs: registers.map((r) => r.ref as Expr) };
}

/** The projected input of a gate. */
const input = (dir: Direction, at: Place, gate: number, j: Expr): Expr => {
  const row = (dir.d * cells[cellOf(dir.node.attrs)].gates + gate) * dir.units;
  return read(dir, dir.node.inputs[operandsOf.projected] ?? bug("inputs are missing"), [at.t, at.b, plus(j, row)]);
};

/** The next hidden state of unit `j`, kept for the next step and given out. */
function result(dir: Direction, at: Place, j: Expr, value: Expr): Stmt[] {
  const { builder, storage } = dir.call;
  const h = builder.let("h", value, id(dir));
  const y = storage.ref(dir.node.outputs[0]!, { index: [at.t, x.index(dir.d), at.b, j] });
  return [h.stmt, builder.store(temporaryRef(dir, dir.next, at.b, j), h.ref, id(dir)), builder.store(y, h.ref, id(dir))];
}

function lstm(dir: Direction, at: Place): Stmt[] {
  const { builder } = dir.call;
  const { attrs } = dir.node;
  const [f, g, h] = [0, 1, 2].map((i) => activationOf(attrs, dir.d, i)) as [Activation, Activation, Activation];
  const peepholes = operandAt(dir, operandsOf.peepholes);
  const peeped = (sum: Expr, gate: number, cell: Expr, j: Expr): Expr =>
    peepholes === undefined ? sum : x.add(sum, x.mul(read(dir, peepholes, [x.index(dir.d), x.index(gate), j]), cell));
  return [
    overUnits(dir, (j) => {
      const sums = gates(
        dir,
        [0, 1, 2, 3].map((gate) => ({ gate, start: input(dir, at, gate, j) })),
        hidden(dir, at),
        j,
      );
      const [si, so, sf, sc] = sums.refs as [Expr, Expr, Expr, Expr];
      const before = builder.let("before", stateOf(dir, 2, at.b, j), id(dir));
      const i = builder.let("i", f(peeped(si, 0, before.ref, j)), id(dir));
      const one = x.constant(1, i.ref.type.dtype);
      const forget = attrs["inputForget"] === true ? x.sub(one, i.ref) : f(peeped(sf, 2, before.ref, j));
      const cell = builder.let("cell", x.add(x.mul(forget, before.ref), x.mul(i.ref, g(sc))), id(dir));
      return [
        ...sums.stmts,
        before.stmt,
        i.stmt,
        cell.stmt,
        builder.store(stateRef(dir, 2, at.b, j), cell.ref, id(dir)),
        ...result(dir, at, j, x.mul(f(peeped(so, 1, cell.ref, j)), h(cell.ref, false))),
      ];
    }),
  ];
}
type Activation = ReturnType<typeof activationOf>;

/** (1 - z) * candidate + z * hidden */
function mixed(dir: Direction, at: Place, j: Expr, z: Expr, candidate: Expr): Stmt[] {
  const one = x.constant(1, z.type.dtype);
  return result(dir, at, j, x.add(x.mul(x.sub(one, z), candidate), x.mul(z, stateOf(dir, 1, at.b, j))));
}

function gru(dir: Direction, at: Place): Stmt[] {
  const { builder } = dir.call;
  const [f, g] = [0, 1].map((i) => activationOf(dir.node.attrs, dir.d, i)) as [Activation, Activation];
  const start = (gate: number, j: Expr): { start: Expr; gate: number } => ({ gate, start: input(dir, at, gate, j) });
  const [update, kept] = dir.scratch;
  if (update === undefined || kept === undefined) {
    const bias = operandAt(dir, operandsOf.hiddenBias);
    const own = (j: Expr): Expr => (bias === undefined ? zero(dir) : read(dir, bias, [x.index(dir.d), j]));
    return [
      overUnits(dir, (j) => {
        const sums = gates(dir, [start(0, j), start(1, j), { gate: 2, start: own(j) }], hidden(dir, at), j);
        const [sz, sr, sh] = sums.refs as [Expr, Expr, Expr];
        const z = builder.let("z", f(sz), id(dir));
        const candidate = g(x.add(input(dir, at, 2, j), x.mul(f(sr), sh)));
        return [...sums.stmts, z.stmt, ...mixed(dir, at, j, z.ref, candidate)];
      }),
    ];
  }
  return [
    overUnits(dir, (j) => {
      const sums = gates(dir, [start(0, j), start(1, j)], hidden(dir, at), j);
      const [sz, sr] = sums.refs as [Expr, Expr];
      return [
        ...sums.stmts,
        builder.store(temporaryRef(dir, update, at.b, j), f(sz), id(dir)),
        builder.store(temporaryRef(dir, kept, at.b, j), x.mul(f(sr), stateOf(dir, 1, at.b, j)), id(dir)),
      ];
    }),
    overUnits(dir, (j) => {
      const sums = gates(dir, [start(2, j)], (k) => temporaryOf(dir, kept, at.b, k), j);
      const z = builder.let("z", temporaryOf(dir, update, at.b, j), id(dir));
      return [...sums.stmts, z.stmt, ...mixed(dir, at, j, z.ref, g(sums.refs[0]!))];
    }),
  ];
}

function rnn(dir: Direction, at: Place): Stmt[] {
  const f = activationOf(dir.node.attrs, dir.d, 0);
  return [
    overUnits(dir, (j) => {
      const sums = gates(dir, [{ gate: 0, start: input(dir, at, 0, j) }], hidden(dir, at), j);
      return [...sums.stmts, ...result(dir, at, j, f(sums.refs[0]!))];
    }),
  ];
}

const writers = { lstm, gru, rnn } as const;
