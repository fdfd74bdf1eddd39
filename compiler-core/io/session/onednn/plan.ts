/**
 * A model as oneDNN's primitives with post-ops, as somebody would call them by hand: weights in the library's own layout, bias, functions,
 * sums and quantisation done by the primitive before it stores, transpositions by strides. What cannot be said is named.
 */
import type { Graph, Node } from "../../../graph/ir.ts";
import type { OpName } from "../../../graph/ops/index.ts";
import type { MachineProfile } from "../../../machine.ts";
import type { CompileOptions } from "../../../options.ts";
import type { OnednnPlan, OnednnStep } from "../../../protocol/onednn.ts";
import { compileModel } from "../compile.ts";
import type { SessionModel } from "../model.ts";
import { binaryOf, isSymmetric, linear, scalarOf, unaryOf } from "./algorithms.ts";
import { asFloat } from "./eight-bits.ts";
import { denseStrides, isDense, NotMapped, PlanWriter, refuse, type DraftBuffer } from "./plan-writer.ts";
import { followChain, joined } from "./post-ops.ts";
import { mapProduct } from "./products.ts";
import { mapConvolution, mapMean, mapPool } from "./windows.ts";

/** A plan whose constants are still in memory. */
export interface DraftPlan extends Omit<OnednnPlan, "buffers"> {
  readonly buffers: readonly DraftBuffer[];
}

export type MappedPlan = { readonly plan: DraftPlan } | { readonly why: string };

/** Maps the graph as it is once shapes are known and operators written in parts are recognised, before any of our own lowering. */
export function onednnPlan(model: SessionModel, options: CompileOptions, machine: MachineProfile): MappedPlan {
  const without = [...new Set([...options.without, "low-precision"])];
  const compilation = compileModel(model, { ...options, without, onlyUntil: "recognise", force: [], forbid: [] }, machine);
  if (compilation.error !== undefined) return { why: compilation.error.message };
  const names = compilation.passes.map((p) => p.name);
  const at = (name: string): Graph | undefined => {
    const snapshot = compilation.snapshots[names.lastIndexOf(name)];
    return snapshot !== undefined && "nodes" in snapshot ? snapshot : undefined;
  };
  const graph = at("recognise");
  const before = at("infer-shapes");
  if (graph === undefined || before === undefined) return { why: "the model was not compiled far enough" };
  const writer = new PlanWriter(graph, before, needed(graph));
  for (const node of writer.nodes) {
    if (writer.done.has(node.id) || node.outputs.every((v) => writer.constant(v) !== undefined)) continue;
    try {
      mapNode(writer, node);
    } catch (e) {
      if (!(e instanceof NotMapped)) throw e;
      return { why: `${nodeName(graph, node)} has no primitive: ${e.message}` };
    }
  }
  return finished(writer);
}

function finished(w: PlanWriter): MappedPlan {
  const { graph } = w;
  try {
    const inputs = graph.inputs.map((v) => w.place(v));
    const outputs = graph.outputs.map((v) => (w.constant(v) === undefined ? w.dense(v) : refuse("a result that is constant")));
    return { plan: { buffers: w.buffers, inputs, outputs, steps: w.steps } };
  } catch (e) {
    if (!(e instanceof NotMapped)) throw e;
    return { why: e.message };
  }
}

function nodeName(graph: Graph, node: Node): string {
  const source = graph.sources[node.origin[0] ?? -1];
  return source === undefined ? node.op : `${source.opType} ${source.path} (${node.op})`;
}

/** Nodes that the results depend on, in order. */
function needed(graph: Graph): Node[] {
  const wanted = new Set(graph.outputs);
  const kept: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((v) => wanted.has(v))) continue;
    for (const v of node.inputs) if (v !== null) wanted.add(v);
    kept.unshift(node);
  }
  return kept;
}

type Map1 = (w: PlanWriter, node: Node) => void;

const maps: Partial<Readonly<Record<OpName, Map1>>> = {
  matmul: mapProduct,
  gemm: mapProduct,
  conv: mapConvolution,
  "max-pool": mapPool,
  "average-pool": mapPool,
  "reduce-mean": mapMean,
  softmax: (w, n) => mapSoftmax(w, n, 0x30000),
  "log-softmax": (w, n) => mapSoftmax(w, n, 0x30001),
  "layer-norm": mapLayerNorm,
  "dequantize-linear": mapDequantise,
  "quantize-linear": mapQuantise,
  transpose: mapTranspose,
  reshape: mapReshape,
  flatten: mapReshape,
  squeeze: mapReshape,
  unsqueeze: mapReshape,
  identity: mapReshape,
};

function mapNode(w: PlanWriter, node: Node): void {
  const map = maps[node.op];
  if (map !== undefined) return map(w, node);
  const one = unaryOf(node) ?? scalarOperand(w, node);
  if (one !== undefined) return mapEltwise(w, node, one);
  if (binaryOf(node) !== undefined) return mapBinary(w, node);
  return refuse("the operator is not one of them");
}

const result = (node: Node): number => node.outputs[0] ?? refuse("no result");
const operand = (node: Node, i: number): number => node.inputs[i] ?? refuse("an operand is missing");

function scalarOperand(w: PlanWriter, node: Node) {
  if (node.inputs.length !== 2) return undefined;
  const [a, b] = node.inputs.map((v) => w.scalar(v));
  if (b !== undefined) return scalarOf(node, b, false);
  return a === undefined ? undefined : scalarOf(node, a, true);
}

function mapEltwise(w: PlanWriter, node: Node, parameters: ReturnType<typeof unaryOf>): void {
  const x = node.inputs.find((v) => v !== null && w.scalar(v) === undefined) ?? refuse("an operand is missing");
  const out = result(node);
  if (w.dtype(x) !== "f32" || w.dtype(out) !== "f32") refuse(`values of type ${w.dtype(x)}`);
  const source = w.place(x);
  const chain = followChain(w, { value: out, dims: w.shape(out), scales: false });
  w.steps.push({ kind: "eltwise", what: node.op, source, destination: chain.destination, ...parameters, post: chain.post });
}

function mapBinary(w: PlanWriter, node: Node): void {
  const out = result(node);
  const shape = w.shape(out);
  const same = [0, 1].map((i) => String(w.shape(operand(node, i))) === String(shape));
  if (w.dtype(out) !== "f32" || node.inputs.some((v) => v !== null && w.dtype(v) !== "f32")) refuse(`values of type ${w.dtype(out)}`);
  if (same[0] !== true && (same[1] !== true || !isSymmetric(node))) refuse("both operands are repeated");
  if (same.every((s) => s) && mapByteSum(w, node)) return;
  const [a, b] = same[0] === true ? [0, 1] : [1, 0];
  const source = w.dense(operand(node, a));
  const other = w.dense(operand(node, b));
  const dims = [...new Array<number>(shape.length - other.dims.length).fill(1), ...other.dims];
  const chain = followChain(w, { value: out, dims: shape, scales: false });
  w.steps.push({
    kind: "binary",
    what: node.op,
    source,
    source1: { ...other, dims, strides: denseStrides(dims) },
    destination: chain.destination,
    algorithm: binaryOf(node) ?? 0,
    post: chain.post,
  });
}

/** A sum of two tensors of 8-bit numbers reads these: their scales are factors of the operands, their zero points one number behind the sum. */
function mapByteSum(w: PlanWriter, node: Node): boolean {
  const bytes = [0, 1].map((i) => operand(node, i)).map((v) => (w.places.has(v) ? undefined : w.quantised.get(v)));
  const [a, b] = bytes;
  if (node.op !== "add" || a === undefined || b === undefined || !bytes.every((q) => q?.scales.length === 1)) return false;
  const [first = 1, second = 1] = [a.scales[0], b.scales[0]];
  const out = result(node);
  const chain = followChain(w, { value: out, dims: w.shape(out), scales: false });
  const before: OnednnStep[] = [];
  const common = { kind: "binary" as const, what: node.op, destination: chain.destination, algorithm: binaryOf(node) ?? 0 };
  const floats = [a, b].map((q) => asFloat(w, q.view, q, 1, before));
  w.steps.push({
    ...common,
    source: a.view,
    source1: b.view,
    operandScales: [first, second],
    post: joined(linear(1, -(first * a.zero + second * b.zero)), chain.post),
    otherwise: [...before, { ...common, source: floats[0] ?? a.view, source1: floats[1] ?? b.view, post: chain.post }],
  });
  return true;
}

/** In place, where nobody else reads the operand. */
function mapSoftmax(w: PlanWriter, node: Node, algorithm: number): void {
  const x = operand(node, 0);
  const source = w.dense(x);
  if (source.dtype !== "f32") refuse(`values of type ${source.dtype}`);
  const isOwn = w.soleUse(x) === node && !w.graph.inputs.includes(x) && w.constant(x) === undefined;
  const destination = isOwn ? source : w.fresh("f32", source.dims);
  const axis = Number(node.attrs["axis"] ?? -1);
  w.places.set(result(node), destination);
  const from = axis < 0 ? axis + source.dims.length : axis;
  w.steps.push({ kind: "softmax", what: node.op, source, destination, algorithm, axis: from });
}

function mapLayerNorm(w: PlanWriter, node: Node): void {
  const source = w.dense(operand(node, 0));
  const axis = Number(node.attrs["axis"] ?? -1);
  const rank = source.dims.length;
  const [, scale, shift] = node.inputs;
  if (source.dtype !== "f32" || (axis < 0 ? axis + rank : axis) !== rank - 1) refuse("a normalisation over more than the last axis");
  if ((scale ?? null) === null || (shift ?? null) === null) refuse("a normalisation without scale and shift");
  const destination = w.fresh("f32", source.dims);
  w.places.set(result(node), destination);
  const [weights, bias] = [w.place(operand(node, 1)), w.place(operand(node, 2))];
  const alpha = Number(node.attrs["epsilon"] ?? 1e-5);
  w.steps.push({ kind: "layer-norm", what: node.op, source, destination, weights, bias, alpha });
}

/** Nothing is done yet: products read the 8-bit numbers. */
function mapDequantise(w: PlanWriter, node: Node): void {
  const view = w.place(operand(node, 0));
  const scale = w.scalar(operand(node, 1)) ?? refuse("a scale that is no single number");
  const zero = (node.inputs[2] ?? null) === null ? 0 : (w.scalar(node.inputs[2]) ?? refuse("a zero point that is no single number"));
  if (view.dtype !== "u8" && view.dtype !== "i8") refuse(`values of type ${view.dtype}`);
  w.quantised.set(result(node), { view, scales: [scale], zero });
}

function mapQuantise(w: PlanWriter, node: Node): void {
  const source = w.place(operand(node, 0));
  const scale = w.scalar(operand(node, 1)) ?? refuse("a scale that is no single number");
  const zero = (node.inputs[2] ?? null) === null ? 0 : (w.scalar(node.inputs[2]) ?? refuse("a zero point that is no single number"));
  const destination = w.fresh(String(node.attrs["to"]), source.dims);
  w.places.set(result(node), destination);
  w.steps.push({ kind: "reorder", what: "quantise", source, destination, scales: [1 / scale], destinationZero: zero });
}

/** Axes change places by their strides; nothing is moved until somebody needs it dense. */
function mapTranspose(w: PlanWriter, node: Node): void {
  const x = operand(node, 0);
  const rank = w.shape(x).length;
  const perm = (node.attrs["perm"] as readonly number[] | undefined) ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const turn = <V extends { readonly dims: readonly number[]; readonly strides: readonly number[] }>(v: V): V => ({
    ...v,
    dims: perm.map((p) => v.dims[p] ?? 1),
    strides: perm.map((p) => v.strides[p] ?? 1),
  });
  const quantised = w.places.has(x) ? undefined : w.quantised.get(x);
  if (quantised !== undefined) w.quantised.set(result(node), { ...quantised, view: turn(quantised.view) });
  else w.places.set(result(node), turn(w.place(x)));
}

function mapReshape(w: PlanWriter, node: Node): void {
  const x = operand(node, 0);
  const dims = w.shape(result(node));
  const as = <V extends object>(v: V) => ({ ...v, dims, strides: denseStrides(dims) });
  const quantised = w.places.has(x) ? undefined : w.quantised.get(x);
  if (quantised !== undefined && isDense(quantised.view)) w.quantised.set(result(node), { ...quantised, view: as(quantised.view) });
  else w.places.set(result(node), as(w.dense(x)));
}
