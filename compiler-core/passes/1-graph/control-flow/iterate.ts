/** Loop and Scan, written out iteration by iteration. */
import { fromValues, toNumbers } from "../../../graph/ndarray.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { maxNodes, stays, type Splicer } from "./splicer.ts";

export interface Call {
  readonly node: Node;
  readonly splicer: Splicer;
  /** Copies body `body` of the node. */
  readonly copy: (body: number, formals: readonly ValueId[], iteration?: number) => readonly ValueId[];
}

const maxIterations = 512;

const bodyOf = (node: Node): number => (node.attrs["bodies"] as readonly number[])[0] ?? stays("its body is missing");

/** Numbers among the node's ONNX attributes. */
export function settingsOf(node: Node): ReadonlyMap<string, readonly number[]> {
  const rows = (node.attrs["settings"] ?? []) as readonly (readonly [string, ...number[]])[];
  return new Map(rows.map(([name, ...values]) => [name, values]));
}

/** One element that is known at compile time; undefined when it is not. */
const scalarOf = (s: Splicer, id: ValueId): number | undefined => {
  const data = s.data(id);
  return data?.data.length === 1 ? toNumbers(data)[0] : undefined;
};

/** `x` at position `at` of an axis, without the axis. */
function elementOf({ splicer: s, node }: Call, x: ValueId, axis: number, at: number): ValueId {
  const shape = s.staticShape(x);
  const { name } = s.value(x);
  const cut = s.add(node, "slice", [x], { starts: [at], ends: [at + 1], axes: [axis], steps: [1] }, `${name}[${at}]`);
  return s.add(node, "reshape", [cut], { shape: shape.filter((_, i) => i !== axis), allowZero: true }, `${name}[${at}]`);
}

/** Values of one shape side by side along a new axis. */
function stack({ splicer: s, node }: Call, parts: readonly ValueId[], axis: number, name: string): ValueId {
  const wide = parts.map((id) => {
    const shape = s.staticShape(id);
    const at = axis < 0 ? axis + shape.length + 1 : axis;
    return { at, id: s.add(node, "reshape", [id], { shape: [...shape.slice(0, at), 1, ...shape.slice(at)], allowZero: true }, name) };
  });
  if (wide.length === 1) return wide[0]!.id;
  return s.add(
    node,
    "concat",
    wide.map((w) => w.id),
    { axis: wide[0]!.at },
    name,
  );
}

/** Scan outputs of a loop that does not run at all: a first iteration, taken back at once, tells their types. */
function empty(call: Call, formals: readonly ValueId[], outputs: readonly number[]): readonly ValueId[] {
  const { splicer: s } = call;
  const mark = s.mark();
  const results = call.copy(bodyOf(call.node), formals, 0);
  const types = outputs.map((i) => {
    const id = results[i] ?? stays("an output of its body is missing");
    return { shape: [0, ...s.staticShape(id)], dtype: s.value(id).dtype, name: s.value(id).name };
  });
  s.rewind(mark);
  return types.map(({ name, dtype, shape }) => s.constant(name, fromValues(dtype, shape, [])));
}

/** Refuses loops that become too long, by what the iterations done so far say about all of them. */
function tooLong({ splicer: s }: Call, before: number, done: number, iterations: number): void {
  const expected = ((s.nodes.length - before) / done) * iterations;
  if (s.unrolled + expected > maxNodes) stays(`written out it has more than ${maxNodes} operators, with the loops before it`);
}

/** A Loop whose number of iterations, and whether it goes on, are known. */
export function unrollLoop(call: Call): readonly ValueId[] {
  const { splicer: s, node } = call;
  const formals = s.graph.bodies!.get(bodyOf(node)).formals;
  const carriedCount = formals - 2;
  const [trip, start] = node.inputs;
  const trips = trip == null ? Infinity : (scalarOf(s, trip) ?? stays("how often it runs is computed at run time"));
  let goesOn = start == null ? 1 : (scalarOf(s, start) ?? stays("whether it begins is computed at run time"));
  if (Number.isFinite(trips) && trips > maxIterations && goesOn !== 0) stays(`it runs ${trips} times, more than ${maxIterations}`);
  let carried = node.inputs.slice(2, 2 + carriedCount).map((id) => id ?? stays("a value that it carries is missing"));
  const scanned: ValueId[][] = node.outputs.slice(carriedCount).map(() => []);
  const before = s.nodes.length;
  const begin = (k: number): readonly ValueId[] => [
    s.index("iteration", k),
    s.constant("goes_on", fromValues("bool", [], [1])),
    ...carried,
  ];
  let k = 0;
  for (; k < trips && goesOn !== 0; k++) {
    if (k >= maxIterations) stays(`it runs more than ${maxIterations} times`);
    const [condition, ...results] = call.copy(bodyOf(node), begin(k), k) as [ValueId, ...ValueId[]];
    carried = results.slice(0, carriedCount);
    scanned.forEach((list, i) => list.push(results[carriedCount + i] ?? stays("an output of its body is missing")));
    tooLong(call, before, k + 1, k + 1);
    if (k + 1 < trips) goesOn = scalarOf(s, condition) ?? stays(`whether it goes on after iteration ${k + 1} is computed at run time`);
  }
  s.unrolled += s.nodes.length - before;
  if (k > 0 || scanned.length === 0) return [...carried, ...scanned.map((parts) => stack(call, parts, 0, node.name))];
  return [
    ...carried,
    ...empty(
      call,
      begin(0),
      scanned.map((_, i) => 1 + carriedCount + i),
    ),
  ];
}

interface Scan {
  readonly states: readonly ValueId[];
  readonly inputs: readonly ValueId[];
  readonly axes: readonly number[];
  readonly backwards: readonly boolean[];
  readonly outAxes: readonly number[];
  readonly outBackwards: readonly boolean[];
}

/** Steps of one scan over sequences of known length: final states, then scan outputs. `label` numbers its iterations. */
function steps(call: Call, scan: Scan, label: (t: number) => number): readonly ValueId[] {
  const { splicer: s, node } = call;
  const lengths = scan.inputs.map((id, i) => s.staticShape(id)[scan.axes[i]!] ?? stays("an axis to scan does not exist"));
  const [length = 0] = lengths;
  if (lengths.some((n) => n !== length)) stays("its sequences have different lengths");
  if (length > maxIterations) stays(`its sequences are ${length} long, more than ${maxIterations}`);
  const before = s.nodes.length;
  let { states } = scan;
  const parts: ValueId[][] = scan.outAxes.map(() => []);
  const at = (t: number): readonly ValueId[] => [
    ...states,
    ...scan.inputs.map((id, i) => elementOf(call, id, scan.axes[i]!, scan.backwards[i] === true ? length - 1 - t : t)),
  ];
  for (let t = 0; t < length; t++) {
    const results = call.copy(bodyOf(node), at(t), label(t));
    states = results.slice(0, states.length);
    parts.forEach((list, i) => list.push(results[states.length + i] ?? stays("an output of its body is missing")));
    tooLong(call, before, t + 1, length);
  }
  s.unrolled += s.nodes.length - before;
  if (length === 0) stays("its sequences are empty");
  const stacked = parts.map((list, i) =>
    stack(call, scan.outBackwards[i] === true ? [...list].reverse() : list, scan.outAxes[i]!, node.name),
  );
  return [...states, ...stacked];
}

/** A Scan over sequences of known length. Before opset 9 it has a batch axis in front, and may be told the lengths. */
export function unrollScan(call: Call): readonly ValueId[] {
  const { splicer: s, node } = call;
  const settings = settingsOf(node);
  const old = (settings.get("opset")?.[0] ?? 9) < 9;
  if (old && node.inputs[0] !== null) stays("lengths of sequences that are given at run time are not supported");
  const body = s.graph.bodies!.get(bodyOf(node));
  const given = node.inputs.slice(old ? 1 : 0, (old ? 1 : 0) + body.formals).map((id) => id ?? stays("an operand is missing"));
  const scanned = settings.get("num_scan_inputs")?.[0] ?? stays("num_scan_inputs is missing");
  const [states, inputs] = [given.slice(0, given.length - scanned), given.slice(given.length - scanned)];
  const results = node.outputs.length - states.length;
  const list = (name: string, n: number): readonly number[] => settings.get(name) ?? new Array<number>(n).fill(0);
  const flags = (name: string, n: number): readonly boolean[] => list(name, n).map((d) => d === 1);
  const rank = (id: ValueId): number => s.staticShape(id).length;
  if (!old) {
    const axes = list("scan_input_axes", scanned).map((a, i) => (a < 0 ? a + rank(inputs[i]!) : a));
    const backwards = flags("scan_input_directions", scanned);
    const [outAxes, outBackwards] = [list("scan_output_axes", results), flags("scan_output_directions", results)];
    return steps(call, { states, inputs, axes, backwards, outAxes, outBackwards }, (t) => t);
  }
  const zeros = new Array<number>(Math.max(scanned, results)).fill(0);
  const batch = s.staticShape(inputs[0] ?? stays("there is nothing to scan"))[0] ?? 0;
  const length = s.staticShape(inputs[0]!)[1] ?? 0;
  if (batch * length > maxIterations) stays(`it runs ${batch * length} times, more than ${maxIterations}`);
  const one = (b: number): readonly ValueId[] =>
    steps(
      call,
      {
        states: states.map((id) => elementOf(call, id, 0, b)),
        inputs: inputs.map((id) => elementOf(call, id, 0, b)),
        axes: zeros.slice(0, scanned),
        backwards: flags("directions", scanned),
        outAxes: zeros.slice(0, results),
        outBackwards: [],
      },
      (t) => b * length + t,
    );
  const all = Array.from({ length: batch }, (_, b) => one(b));
  return node.outputs.map((_, i) =>
    stack(
      call,
      all.map((r) => r[i]!),
      0,
      node.name,
    ),
  );
}
