/** Fourier transforms as products with a constant matrix: for the lengths of speech models the GEMM kernel is faster than butterflies in loops. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import { fourierMatrix, frameLength } from "../../../graph/ops/signal.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";

/** Larger matrices are not worth their memory. */
const maxEntries = 2 ** 24;

function dft(node: Node, e: GraphEditor): Patch | undefined {
  const [x, shape, out] = [node.inputs[0]!, e.staticShape(node.inputs[0]!), e.staticShape(node.outputs[0]!)];
  if (shape === undefined || out === undefined || node.inputs.length > 1) return undefined;
  const rank = shape.length;
  const given = node.attrs["axis"] as number;
  const axis = given < 0 ? given + rank : given;
  const [samples, parts] = [shape[axis]!, shape.at(-1)!];
  const length = (node.attrs["length"] as number | undefined) ?? samples;
  const columns = out[axis]! * 2;
  if (samples * parts * columns > maxEntries || samples * parts === 0) return undefined;
  const p = e.patch(node);
  const matrix = fourierMatrix(samples, parts, length, node.attrs["oneSided"] === true, node.attrs["inverse"] === true);
  const { dtype } = e.value(x);
  const weights = p.constant("fourier", fromValues(dtype, [samples * parts, columns], matrix));
  // The transformed axis goes next to the parts and back; what is already there stays.
  const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis && i !== rank - 1);
  const perm = [...others, axis, rank - 1];
  const moved = axis === rank - 2 ? x : p.add("transpose", [x], { perm });
  const rows = others.reduce((n, i) => n * shape[i]!, 1);
  const spectrum = p.add("matmul", [p.add("reshape", [moved], { shape: [rows, samples * parts], allowZero: true }), weights]);
  const wide = p.add("reshape", [spectrum], { shape: [...others.map((i) => shape[i]!), out[axis]!, 2], allowZero: true });
  return p.done(axis === rank - 2 ? wide : p.add("transpose", [wide], { perm: perm.map((_, i) => perm.indexOf(i)) }));
}

function stft(node: Node, e: GraphEditor): Patch | undefined {
  const [x, window] = node.inputs as readonly [number, number | null | undefined];
  const [shape, out] = [e.staticShape(x), e.staticShape(node.outputs[0]!)];
  const length = frameLength(node.attrs, window == null ? undefined : e.staticShape(window));
  const step = node.attrs["step"] as number | undefined;
  if (shape === undefined || out === undefined || length === undefined || step === undefined) return undefined;
  const p = e.patch(node);
  const frames = out[1]!;
  const at = Array.from({ length: frames * length }, (_, i) => Math.floor(i / length) * step + (i % length));
  const cut = p.add("gather", [x, p.constant("frames", fromValues("i64", [frames, length], at))], { axis: 1 });
  const weighted = window == null ? cut : p.add("mul", [cut, p.add("reshape", [window], { shape: [length, 1], allowZero: true })]);
  return p.done(p.add("dft", [weighted], { axis: 2, oneSided: node.attrs["oneSided"] }));
}

export const signalRules: readonly Rule[] = [
  { name: "decompose/dft", ops: ["dft"], rewrite: dft },
  { name: "decompose/stft", ops: ["stft"], rewrite: stft },
];
