/** Plain nests of loops over the axes of an array: what writers of data movement are made of. */
import * as x from "../tensor/build.ts";
import type { Expr, LoopKind, Stmt } from "../tensor/ir.ts";
import type { TemplateCall } from "./template.ts";

export interface NestOptions {
  /** Inside of other loops: no loop may be shared out. */
  readonly inner?: boolean;
  /** The iterations of the innermost loop are independent too. */
  readonly vector?: boolean;
}

/**
 * A loop for each axis that is longer than 1, the outermost shared by the threads (unless `inner`), the innermost made of vectors if
 * `vector`. `body` gets an index per axis.
 */
export function nest(
  call: TemplateCall,
  extents: readonly number[],
  options: NestOptions,
  body: (index: readonly Expr[]) => Stmt[],
): Stmt[] {
  const { builder, nodes } = call;
  const origin = nodes.map((n) => n.id);
  const long = extents.flatMap((d, axis) => (d === 1 ? [] : [axis]));
  const kindOf = (axis: number): LoopKind => {
    if (options.vector === true && axis === long.at(-1)) return "vector";
    return axis === long[0] && options.inner !== true ? "parallel" : "serial";
  };
  const level = (axis: number, index: readonly Expr[]): Stmt[] => {
    const extent = extents[axis];
    if (extent === undefined) return body(index);
    if (extent === 1) return level(axis + 1, [...index, x.index(0)]);
    return [builder.loop(kindOf(axis), `i${axis}`, 0, extent, origin, (i) => level(axis + 1, [...index, i]))];
  };
  return level(0, []);
}

/** The index with another position along one axis. */
export const withAxis = (index: readonly Expr[], axis: number, at: Expr): Expr[] => index.map((e, a) => (a === axis ? at : e));
