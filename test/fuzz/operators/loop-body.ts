/** The beginning of a loop's body: inputs, the condition passed on, and half of the accumulator plus a value from outside. */
import { GraphBuilder } from "../../../compiler-core/onnx/builder.ts";
import type { Draw, Val } from "../draw.ts";

export function halvingBody(d: Draw, x: Val): { readonly g: GraphBuilder; readonly i: string; readonly go: string; readonly sum: string } {
  const g = new GraphBuilder(`${d.fresh()}_body`);
  const [i, c, acc, half] = [d.fresh(), d.fresh(), d.fresh(), d.fresh()];
  g.input(i, "i64", []);
  g.input(c, "bool", []);
  g.input(acc, "f32", x.shape);
  g.initializer(half, "f32", [], [0.5]);
  const go = g.node("Identity", [c], d.fresh());
  const sum = g.node("Add", [g.node("Mul", [acc, half], d.fresh()), x.name], d.fresh());
  return { g, i, go, sum };
}
