/** GridSample: positions and weights once for a point, then the same elements of every channel. */
import { valueOf } from "../../graph/ir.ts";
import { gridBounds, gridCubicA } from "../../graph/ops/grid-sample.ts";
import { boolAttr, stringAttr } from "../../graph/ops/op.ts";
import * as x from "../../tensor/build.ts";
import type { Expr, Stmt } from "../../tensor/ir.ts";
import { onlyNode } from "../movement.ts";
import { nest } from "../nest.ts";
import { operand, resultOf, type Template, type TemplateCall } from "../template.ts";

interface AxisCall {
  readonly call: TemplateCall;
  readonly extent: number;
  readonly align: boolean;
  readonly pixels: boolean;
  readonly mode: string;
  readonly padding: string;
  readonly stmts: Stmt[];
}

interface Tap {
  /** A position inside of the axis, whatever the data. */
  readonly at: Expr;
  readonly weight: Expr | undefined;
  /** Padding with zeros: does the position lie in the image? */
  readonly inside: Expr | undefined;
}

const number = (a: Expr, value: number): Expr => x.constant(value, a.type.dtype);
const added = (a: Expr, value: number): Expr => x.add(a, number(a, value));
const scaled = (a: Expr, value: number): Expr => x.mul(a, number(a, value));
const clamped = (a: Expr, low: number, high: number): Expr => x.binary("min", x.binary("max", a, number(a, low)), number(a, high));

function named(a: AxisCall, name: string, value: Expr): Expr {
  const { stmt, ref } = a.call.builder.let(name, value, a.call.nodes.map((n) => n.id)); // prettier-ignore
  a.stmts.push(stmt);
  return ref;
}

/** Back and forth between the bounds of the image: see `reflected` of the operator. */
function reflected(a: AxisCall, e: Expr): Expr {
  const [low, high] = gridBounds(a.extent, a.align);
  const range = high - low;
  if (range === 0) return number(e, low);
  const below = x.binary("lt", e, number(e, low));
  const beyond = named(a, "beyond", x.select(below, x.sub(number(e, low), e), added(e, -high)));
  const times = named(a, "times", x.unary("trunc", x.div(beyond, number(e, range))));
  const rest = named(a, "rest", x.sub(beyond, scaled(times, range)));
  const even = x.binary("eq", x.binary("mod", times, number(e, 2)), number(e, 0));
  const fromLow = x.binary("eq", below, even);
  const bounced = x.select(fromLow, added(rest, low), x.sub(number(e, high), rest));
  return x.select(x.binary("or", below, x.binary("gt", e, number(e, high))), bounced, e);
}

/** The coordinate in pixels, brought back into the image where the padding says so. */
function coordinate(a: AxisCall, g: Expr): Expr {
  const { extent, align } = a;
  const given = a.pixels ? g : align ? scaled(scaled(added(g, 1), 0.5), extent - 1) : scaled(added(scaled(added(g, 1), extent), -1), 0.5);
  const whole = named(a, "pixel", a.mode === "nearest" ? x.unary("rint", given) : given);
  if (a.padding === "zeros" || (a.padding === "border" && a.mode === "cubic")) return whole;
  return named(a, "coordinate", a.padding === "border" ? clamped(whole, 0, extent - 1) : reflected(a, whole));
}

function tap(a: AxisCall, at: Expr, weight: Expr | undefined): Tap {
  // In whole numbers that cannot overflow: far outside is far outside.
  const back = a.padding === "reflection" ? named(a, "mirrored", x.unary("trunc", reflected(a, at))) : at;
  const last = a.extent - 1;
  const safe = named(a, "at", clamped(x.cast(clamped(back, -2, a.extent + 1), "i64"), 0, last));
  const inside =
    a.padding === "zeros" ? x.binary("and", x.binary("ge", at, number(at, 0)), x.binary("le", at, number(at, last))) : undefined;
  return { at: safe, weight, inside };
}

/** The same filter as Resize's, for a distance `d` behind the second of four positions. */
function cubicWeights(d: Expr): readonly Expr[] {
  const a = gridCubicA;
  const far = (s: Expr): Expr => added(x.mul(added(x.mul(added(scaled(s, a), -5 * a), s), 8 * a), s), -4 * a);
  const near = (s: Expr): Expr => added(x.mul(x.mul(added(scaled(s, a + 2), -(a + 3)), s), s), 1);
  return [far(added(d, 1)), near(d), near(x.sub(number(d, 1), d)), far(x.sub(number(d, 2), d))];
}

function axisTaps(a: AxisCall, g: Expr): readonly Tap[] {
  const at = coordinate(a, g);
  if (a.mode === "nearest") return [tap(a, at, undefined)];
  const base = named(a, "base", x.unary("floor", at));
  const d = named(a, "d", x.sub(at, base));
  const weights = a.mode === "linear" ? [x.sub(number(d, 1), d), d] : cubicWeights(d);
  const first = a.mode === "linear" ? 0 : -1;
  return weights.map((w, i) => tap(a, i + first === 0 ? base : added(base, i + first), named(a, "w", w)));
}

export const gridSample: Template = (call) => {
  const { storage, builder, graph } = call;
  const node = onlyNode(call);
  const [image, grid, out] = [operand(node, 0), operand(node, 1), resultOf(node)];
  const [shape, spatial] = [storage.shape(out), storage.shape(image).slice(2)];
  const { dtype } = valueOf(graph, image);
  const options = {
    align: boolAttr(node.attrs, "alignCorners"),
    pixels: boolAttr(node.attrs, "pixels"),
    mode: stringAttr(node.attrs, "mode"),
    padding: stringAttr(node.attrs, "padding"),
  };
  return nest(call, [shape[0] ?? 1, ...shape.slice(2)], {}, (point) => {
    const stmts: Stmt[] = [];
    const taps = spatial.map((extent, axis) => {
      const place = [...point, x.index(spatial.length - 1 - axis)];
      const g = storage.literal(grid) ?? storage.readAt(grid, { index: place });
      return axisTaps({ call, extent, stmts, ...options }, x.cast(g, dtype));
    });
    const [batch, ...rest] = point as [Expr, ...Expr[]];
    const channels = nest(call, [shape[1] ?? 1], { inner: true }, ([c]) => {
      const sum = (axis: number, at: readonly Expr[], inside: Expr | undefined): Expr => {
        const here = taps[axis];
        if (here === undefined) {
          const pixel = storage.literal(image) ?? storage.readAt(image, { index: [batch, c!, ...at] });
          return inside === undefined ? pixel : x.select(inside, pixel, x.constant(0, dtype));
        }
        const terms = here.map((t) => {
          const still = t.inside === undefined ? inside : inside === undefined ? t.inside : x.binary("and", inside, t.inside);
          const below = sum(axis + 1, [...at, t.at], still);
          return t.weight === undefined ? below : x.mul(t.weight, below);
        });
        return terms.reduce((a, b) => x.add(a, b));
      };
      return [builder.store(storage.ref(out, { index: [batch, c!, ...rest] }), sum(0, [], undefined), [node.id])];
    });
    return [...stmts, ...channels];
  });
};
