/** Makes a failing case as small as it gets: fewer outputs, fewer nodes, smaller extents, as long as it fails. */
import type { FuzzCase } from "./case.ts";
import { importModel } from "../../compiler-core/onnx/import.ts";
import { inferShapes } from "../../compiler-core/passes/1-graph/infer-shapes.ts";
import { defaultOptions } from "../../compiler-core/options.ts";
import { staticShape } from "../../compiler-core/graph/ir.ts";
import { modelOf } from "./case.ts";
import { machine } from "./judge.ts";

export type Fails = (one: FuzzCase) => boolean | Promise<boolean>;

/** The smallest case found with at most `budget` questions. */
export async function minimise(one: FuzzCase, fails: Fails, budget = 200): Promise<FuzzCase> {
  let best = one;
  let left = budget;
  for (let shrunk = true; shrunk && left > 0;) {
    shrunk = false;
    for (const smaller of steps(best)) {
      if (left-- <= 0) break;
      const clean = withoutUnused(smaller);
      if (clean.nodes.length === 0 || clean.outputs.length === 0 || !(await fails(clean))) continue;
      best = clean;
      shrunk = true;
      break;
    }
  }
  return best;
}

function* steps(c: FuzzCase): Generator<FuzzCase> {
  if (c.dims !== undefined) yield withoutSymbols(c);
  if (c.outputs.length > 1) for (const keep of c.outputs) yield { ...c, outputs: [keep] };
  yield* intermediateOutputs(c);
  if (c.outputs.length > 2) for (const drop of c.outputs) yield { ...c, outputs: c.outputs.filter((o) => o !== drop) };
  yield* cutBefore(c);
  yield* smallerExtents(c);
}

function withoutSymbols({ dims: _, ...c }: FuzzCase): FuzzCase {
  return { ...c, inputs: c.inputs.map(({ stated: __, ...v }) => v) };
}

const types = (c: FuzzCase): ReadonlyMap<string, FuzzCase["inputs"][number]> => {
  const ctx = { options: defaultOptions, machine, hit: () => undefined, verdict: () => undefined };
  const graph = inferShapes.run(importModel(modelOf(c.dims === undefined ? c : withoutSymbols(c))), ctx);
  return new Map(
    graph.values.flatMap((v) => {
      const shape = v && staticShape(v);
      return v === undefined || shape === undefined ? [] : [[v.name, { name: v.name, dtype: v.dtype, shape }]];
    }),
  );
};

/** An earlier value as the only output. */
function* intermediateOutputs(c: FuzzCase): Generator<FuzzCase> {
  const known = types(c);
  for (const n of c.nodes) {
    for (const name of n.outputs) {
      const t = known.get(name);
      if (t !== undefined && !(c.outputs.length === 1 && c.outputs[0]!.name === name)) yield { ...c, outputs: [{ name, dtype: t.dtype }] };
    }
  }
}

/** A node's results as inputs, so that what is before it goes. */
function* cutBefore(c: FuzzCase): Generator<FuzzCase> {
  const known = types(c);
  for (const n of [...c.nodes].reverse()) {
    const made = n.outputs.map((o) => known.get(o));
    if (made.includes(undefined) || n.outputs.some((o) => c.outputs.some((x) => x.name === o))) continue;
    const declared = c.declared?.filter((v) => !n.outputs.includes(v.name));
    yield { ...c, nodes: c.nodes.filter((x) => x !== n), inputs: [...c.inputs, ...made.map((t) => t!)], ...(declared && { declared }) };
  }
}

/** One extent of the inputs and constants made smaller everywhere it appears. */
function* smallerExtents(c: FuzzCase): Generator<FuzzCase> {
  const all = new Set([...c.inputs, ...c.constants].flatMap((v) => v.shape));
  for (const from of [...all].sort((a, b) => b - a)) {
    for (const to of [1, 2, Math.floor(from / 2)].filter((x) => x < from)) {
      const shape = (s: readonly number[]): readonly number[] => s.map((d) => (d === from ? to : d));
      const constants = c.constants.map((k) => {
        const next = shape(k.shape);
        return {
          ...k,
          shape: next,
          values: k.values.slice(
            0,
            next.reduce((a, d) => a * d, 1),
          ),
        };
      });
      if (c.dims === undefined) yield { ...c, inputs: c.inputs.map((v) => ({ ...v, shape: shape(v.shape) })), constants };
    }
  }
}

/** Without nodes, inputs and constants that no output depends on. */
export function withoutUnused(c: FuzzCase): FuzzCase {
  const needed = new Set(c.outputs.map((o) => o.name));
  const nodes = [...c.nodes].reverse().filter((n) => {
    if (!n.outputs.some((o) => needed.has(o))) return false;
    [...n.inputs, ...(n.captures ?? [])].forEach((i) => needed.add(i));
    return true;
  });
  return {
    ...c,
    nodes: nodes.reverse(),
    inputs: c.inputs.filter((i) => needed.has(i.name)),
    constants: c.constants.filter((k) => needed.has(k.name)),
    ...(c.declared && { declared: c.declared.filter((v) => needed.has(v.name)) }),
  };
}
