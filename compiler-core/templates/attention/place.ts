/** Where an element goes when transposes and reshapes behind a product are part of its nest: the result is written in its last place at once. */
import type { Node } from "../../graph/ir.ts";
import type { Expr, Ref } from "../../tensor/ir.ts";
import { linear, unlinear } from "../module-builder.ts";
import type { Place, Storage } from "../storage.ts";
import { bug } from "../../messages.ts";
import { operand, resultOf } from "../template.ts";

/** The place of the element `index` of `value` after all the moves. */
export function placed(storage: Storage, moves: readonly Node[], index: readonly Expr[]): Ref {
  let place: Place = { index };
  for (const move of moves) {
    const [before, after] = [storage.shape(operand(move, 0)), storage.shape(resultOf(move))];
    if (move.op === "transpose") {
      const at: readonly Expr[] = "index" in place ? place.index : unlinear(place.offset, before);
      const perm = move.attrs["perm"] as readonly number[];
      place = { index: perm.map((axis) => at[axis] ?? bug("a transpose of another rank", { node: move.name })) };
    } else if (before.join("x") !== after.join("x")) {
      place = { offset: "offset" in place ? place.offset : linear(place.index, before) };
    }
  }
  const last = moves.at(-1) ?? bug("no moves");
  return storage.ref(resultOf(last), place);
}
