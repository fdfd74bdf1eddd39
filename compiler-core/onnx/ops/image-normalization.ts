/** ONNX normalisations of images: per channel, per image, per group, across neighbouring channels, and by norms. */
import type { ValueId } from "../../graph/ir.ts";
import { isFloat } from "../../support/dtype.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

const rankOf = (c: BuildCall): number => c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");

/** `y` with the shape that `x` has. */
const shapedAs = (c: BuildCall, y: ValueId, x: ValueId): ValueId => c.add("reshape", [y, c.add("shape", [x])], { allowZero: true });

/** A value per channel, so that it broadcasts over [batch, channels, ...] of this rank. */
const perChannel = (c: BuildCall, v: ValueId, rank: number): ValueId =>
  rank <= 2 ? v : c.add("reshape", [v], { shape: [-1, ...new Array<number>(rank - 2).fill(1)] });

const converted = (c: BuildCall, v: ValueId, to: string): ValueId =>
  c.context.graph.type(v).dtype === to ? v : c.add("cast", [v], { to });

/** Statistics of the batch, and the running ones moved towards them (opset 14). The variance is that of the population. */
function batchNormTraining(c: BuildCall): readonly ValueId[] {
  if (c.opset < 14) return notCompiled("batch normalisation in training mode before opset 14 is not supported");
  const rank = rankOf(c);
  const wide = (i: number): ValueId => converted(c, c.input(i), wideType(c));
  const [x, scale, bias, mean, variance] = [wide(0), wide(1), wide(2), wide(3), wide(4)];
  const axes = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 1);
  const ofBatch = (v: ValueId, keepdims: boolean): ValueId => c.add("reduce-mean", [v], { axes, keepdims });
  const centred = c.add("sub", [x, ofBatch(x, true)]);
  const squares = c.add("mul", [centred, centred]);
  const deviation = c.add("sqrt", [c.add("add", [ofBatch(squares, true), c.scalar(wideType(c), c.float("epsilon", 1e-5))])]);
  const factor = c.add("div", [perChannel(c, scale, rank), deviation]);
  const y = c.add("add", [c.add("mul", [centred, factor]), perChannel(c, bias, rank)]);
  const momentum = c.float("momentum", 0.9);
  const moved = (running: ValueId, batch: ValueId): ValueId =>
    c.add("add", [c.add("mul", [running, c.scalar(wideType(c), momentum)]), c.add("mul", [batch, c.scalar(wideType(c), 1 - momentum)])]);
  const statistics = [moved(mean, ofBatch(x, false)), moved(variance, ofBatch(squares, false))];
  return [converted(c, y, c.dtype(0)), ...statistics.map((v, i) => converted(c, v, c.dtype(3 + i)))];
}
const wideType = (c: BuildCall): "f32" | "f64" => (c.dtype(0) === "f64" ? "f64" : "f32");

/** Scale and statistics may be wider than the image (opset 15): then all is computed as they are. */
function batchNorm(c: BuildCall): ValueId | readonly ValueId[] {
  if (c.int("spatial", 1) === 0) notCompiled("statistics per element are not supported");
  if (c.flag("training_mode")) return batchNormTraining(c);
  if (c.outputCount > 1) notCompiled("batch normalisation in training mode is not supported");
  const operands = [0, 1, 2, 3, 4].map((i) => c.input(i));
  const mixed = [1, 2, 3, 4].some((i) => c.dtype(i) !== c.dtype(0));
  const same = mixed ? operands.map((v) => converted(c, v, wideType(c))) : operands;
  const y = c.add("batch-norm", same, { epsilon: c.float("epsilon", 1e-5) });
  return converted(c, y, c.dtype(0));
}

/** [batch, channels, ...] with all spatial axes as one. */
const planes = (c: BuildCall, x: ValueId): ValueId => c.add("reshape", [x], { shape: [0, 0, -1] });

function instanceNorm(c: BuildCall): ValueId {
  const x = c.input(0);
  const y = c.add("layer-norm", [planes(c, x)], { axis: -1, epsilon: c.float("epsilon", 1e-5) });
  const scaled = c.add("add", [c.add("mul", [y, perChannel(c, c.input(1), 3)]), perChannel(c, c.input(2), 3)]);
  return shapedAs(c, scaled, x);
}

/** Scale and bias are per group in opset 18, per channel from 21 on. */
function groupNorm(c: BuildCall): ValueId {
  const x = c.input(0);
  const groups = c.int("num_groups") ?? notCompiled("num_groups is missing");
  if (groups < 1) notCompiled(`${groups} groups are not possible`);
  const rows = c.add("reshape", [x], { shape: [0, groups, -1] });
  const y = c.add("layer-norm", [rows], { axis: -1, epsilon: c.float("epsilon", 1e-5) });
  const fitting = c.opset >= 21 ? planes(c, shapedAs(c, y, x)) : y;
  const scaled = c.add("add", [c.add("mul", [fitting, perChannel(c, c.input(1), 3)]), perChannel(c, c.input(2), 3)]);
  return shapedAs(c, scaled, x);
}

/** (x - mean) / (deviation + 1e-9) over axes. */
function meanVariance(c: BuildCall): ValueId {
  const x = c.input(0);
  const over = { axes: c.ints("axes") ?? [0, 2, 3], keepdims: true };
  const centred = c.add("sub", [x, c.add("reduce-mean", [x], over)]);
  const deviation = c.add("sqrt", [c.add("reduce-mean", [c.add("mul", [centred, centred])], over)]);
  return c.add("div", [centred, c.add("add", [deviation, c.scalar(c.dtype(0), 1e-9)])]);
}

/** x divided by its norm along an axis; where the norm is 0, so is the result. */
function lpNorm(c: BuildCall): ValueId {
  const x = c.input(0);
  const over = { axes: [c.int("axis", -1)], keepdims: true };
  const norm = c.int("p", 2) === 1 ? c.add("reduce-sum", [c.add("abs", [x])], over) : c.add("reduce-l2", [x], over);
  const zero = c.scalar(c.dtype(0), 0);
  return c.add("div", [x, c.add("where", [c.add("equal", [norm, zero]), c.scalar(c.dtype(0), 1), norm])]);
}

const toTheEnd = 2 ** 31 - 1;
/** Each neighbour is a summand of its own; models have 5 or so. */
const mostNeighbours = 64;

/** x / (bias + alpha / size * sum of the squares of the neighbouring channels) ^ beta. */
function localResponse(c: BuildCall): ValueId {
  const [x, size] = [c.input(0), c.int("size") ?? notCompiled("size is missing")];
  if (size < 1 || size > mostNeighbours) notCompiled(`sums over ${size} channels are not supported`);
  const dtype = c.dtype(0);
  const rows = planes(c, x);
  const before = Math.floor((size - 1) / 2);
  const padded = c.add("pad", [c.add("mul", [rows, rows])], { pads: [0, before, 0, 0, size - 1 - before, 0] });
  const neighbours = Array.from({ length: size }, (_, i) =>
    c.add("slice", [padded], { starts: [i], ends: [i === size - 1 ? toTheEnd : i - size + 1], axes: [1], steps: [1] }),
  );
  const sum = neighbours.reduce((a, b) => c.add("add", [a, b]));
  const scaled = c.add("mul", [sum, c.scalar(dtype, c.float("alpha", 1e-4) / size)]);
  const divisor = power(c, c.add("add", [scaled, c.scalar(dtype, c.float("bias", 1))]), c.float("beta", 0.75));
  return shapedAs(c, c.add("div", [rows, divisor]), x);
}

/** x ^ e of a positive x; the usual exponents by square roots, which are vector instructions. */
function power(c: BuildCall, x: ValueId, e: number): ValueId {
  if (e === 1) return x;
  const root = (): ValueId => c.add("sqrt", [x]);
  if (e === 0.5) return root();
  if (e === 0.75) {
    const half = root();
    return c.add("mul", [half, c.add("sqrt", [half])]);
  }
  return c.add("pow", [x, c.scalar(c.dtype(0), e)]);
}

/** Whole numbers have no norm worth the name here: ONNX allows floats alone. */
const ofFloats =
  (build: Builder): Builder =>
  (c) =>
    isFloat(c.dtype(0)) ? build(c) : notCompiled(`elements of type ${c.dtype(0)} are not supported here`);

export const imageNormalizationBuilders: Readonly<Record<string, Builder>> = {
  BatchNormalization: ofFloats(batchNorm),
  InstanceNormalization: ofFloats(instanceNorm),
  GroupNormalization: ofFloats(groupNorm),
  MeanVarianceNormalization: ofFloats(meanVariance),
  LpNormalization: ofFloats(lpNorm),
  LRN: ofFloats(localResponse),
};
