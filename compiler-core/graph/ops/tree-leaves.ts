/**
 * Decision trees: which leaf of each tree a row of features falls into. The nodes of all trees are numbered in one list, leaves first, so that a
 * number below that of the leaves is a leaf; what follows from a leaf (weights, classes) is looked up by others.
 */
import { allocate, writeScalar, type NdArray } from "../ndarray.ts";
import { shapeText } from "../dims.ts";
import { intAttr, refuse, type EvalCall, type InferCall, type Inferred, type Op } from "./op.ts";

/** Tests of a node: x against the threshold. The number of each stands in the table of modes. */
export const treeModes = ["le", "lt", "ge", "gt", "eq", "ne"] as const;
export type TreeMode = (typeof treeModes)[number];

/** Added to a mode where a missing feature (NaN) goes the way of those that pass the test. */
export const missingPasses = 8;

function infer({ inputs, attrs }: InferCall): Inferred {
  const [x, feature, threshold, yes, no, modes, roots] = inputs.map((t) => t!);
  if (x!.dtype !== "f32" && x!.dtype !== "f64") return refuse("dtype", `features of type ${x!.dtype}`);
  if (threshold!.dtype !== x!.dtype) return refuse("dtype", `thresholds are ${threshold!.dtype}, features ${x!.dtype}`);
  const nodes = feature!.shape?.[0];
  if ([threshold, yes, no, modes].some((t) => t!.shape?.length !== 1 || t!.shape[0] !== nodes))
    return refuse("shape", "its tables do not have the same length");
  if (x!.shape === undefined) return [{ dtype: "i64", shape: undefined }];
  const [rows, width] = x!.shape;
  if (x!.shape.length !== 2) return refuse("shape", `${shapeText(x!.shape)} is not rows of features`);
  const least = intAttr(attrs, "features");
  if (typeof width === "number" && width < least) return refuse("shape", `a tree asks for feature ${least - 1} of rows of ${width}`);
  return [{ dtype: "i64", shape: [rows!, roots!.shape?.[0] ?? "?"] }];
}

const tests: Readonly<Record<TreeMode, (a: number, b: number) => boolean>> = {
  le: (a, b) => a <= b,
  lt: (a, b) => a < b,
  ge: (a, b) => a >= b,
  gt: (a, b) => a > b,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
};

function evaluate({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [x, feature, threshold, yes, no, modes, roots] = inputs.map((t) => t!.data);
  const [out, leaves] = [allocate("i64", outputs[0]!.shape, mode), intAttr(attrs, "leaves")];
  const [width, trees] = [inputs[0]!.shape[1]!, outputs[0]!.shape[1]!];
  for (let i = 0; i < out.data.length; i++) {
    const row = Math.floor(i / trees) * width;
    let at = Number(roots![i % trees]);
    for (let step = intAttr(attrs, "depth"); step > 0 && at >= leaves; step--) {
      const v = Number(x![row + Number(feature![at])]);
      const code = Number(modes![at]);
      const test = treeModes[code % missingPasses]!;
      const passes = tests[test](v, Number(threshold![at])) || (code >= missingPasses && Number.isNaN(v));
      at = Number((passes ? yes : no)![at]);
    }
    writeScalar(out, i, BigInt(at));
  }
  return [out];
}

export const treeLeaves: Op = {
  what: "the leaf of each decision tree that a row of features falls into",
  arity: [7, 7],
  outputs: [1, 1],
  attrs: {
    features: { kind: "int", what: "features that a row must have at least" },
    leaves: { kind: "int", what: "how many of the numbered nodes, the first ones, are leaves" },
    depth: { kind: "int", what: "tests on the longest way to a leaf" },
    modes: { kind: "ints", what: "tests that occur, by number: le, lt, ge, gt, eq, ne; 8 more where a missing feature passes" },
  },
  traits: [],
  infer,
  eval: evaluate,
  flops: (c) => (c.outputs[0]?.shape.reduce((n, d) => n * d, 1) ?? 0) * intAttr(c.attrs, "depth"),
};
