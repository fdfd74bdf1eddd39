/** Distances in memory of the elements that a view shows, where there is one distance for each axis. */
import type { Node } from "../graph/ir.ts";
import { resolveRange } from "../graph/ops/slice.ts";

type Ints = readonly number[];

/** Elements from one position of an axis to the next, for an array without gaps. */
export const rowMajor = (extents: Ints): Ints => extents.map((_, axis) => extents.slice(axis + 1).reduce((product, d) => product * d, 1));

/** Strides of a view, given the extents and strides of what it looks at; undefined where elements of some axis lie at no fixed distance. */
export function viewStrides(view: Node, source: { readonly shape: Ints; readonly strides: Ints }, result: Ints): Ints | undefined {
  switch (view.op) {
    case "identity":
      return source.strides;
    case "reshape":
      return reshapeStrides(source.shape, source.strides, result);
    case "transpose":
      return (view.attrs["perm"] as Ints).map((axis) => source.strides[axis] ?? 0);
    case "slice":
      return sliceStrides(view, source);
    default:
      return undefined;
  }
}

function sliceStrides(view: Node, source: { readonly shape: Ints; readonly strides: Ints }): Ints | undefined {
  const ints = (name: string): Ints => (Array.isArray(view.attrs[name]) ? (view.attrs[name] as Ints) : []);
  const [starts, ends, axes, steps] = ["starts", "ends", "axes", "steps"].map(ints) as [Ints, Ints, Ints, Ints];
  const strides = source.strides.map((stride, axis) => {
    const at = axes.indexOf(axis);
    if (at < 0) return stride;
    const extent = source.shape[axis] ?? 0;
    const step = steps[at] ?? 1;
    resolveRange({ axis, start: starts[at] ?? 0, end: ends[at] ?? extent, step }, extent);
    return step * stride;
  });
  return strides.every((s) => s > 0) ? strides : undefined;
}

/**
 * Axes are split and joined from the last to the first: a run of source axes that lie one inside the other without gaps is one long axis,
 * which may be cut into any extents.
 */
function reshapeStrides(shape: Ints, strides: Ints, result: Ints): Ints | undefined {
  if (shape.includes(0)) return rowMajor(result);
  const runs = denseRuns(shape, strides);
  const out = new Array<number>(result.length).fill(1);
  let axis = result.length - 1;
  for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
    let filled = 1;
    while (axis >= 0 && filled < run.extent) {
      const extent = result[axis] ?? 1;
      if ((run.extent / filled) % extent !== 0) return undefined;
      out[axis--] = filled * run.stride;
      filled *= extent;
    }
  }
  return out;
}

/** Source axes as few long ones; axes of extent 1 have no say. */
function denseRuns(shape: Ints, strides: Ints): { extent: number; stride: number }[] {
  const runs: { extent: number; stride: number }[] = [];
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue;
    const stride = strides[axis] ?? 0;
    const last = runs.at(-1);
    if (last !== undefined && last.stride === extent * stride) Object.assign(last, { extent: last.extent * extent, stride });
    else runs.push({ extent, stride });
  }
  return runs;
}
