/** If: the branch that is taken, or both where the condition is only known at run time and they are short. */
import type { Node, ValueId } from "../../../graph/ir.ts";
import { count, fromValues, toNumbers } from "../../../graph/ndarray.ts";
import { Impossible, stays, type Splicer } from "./splicer.ts";
import { isFloat } from "../../../support/dtype.ts";
import type { Call } from "./iterate.ts";

/** Operators of both branches together that are worth computing for nothing. */
const maxBoth = 64;

/** The position of a branch among the node's bodies. */
function branch(s: Splicer, node: Node, attribute: string): number {
  const ids = node.attrs["bodies"] as readonly number[];
  return ids.find((id) => s.graph.bodies!.get(id).attribute === attribute) ?? stays(`its ${attribute} is missing`);
}

export function chooseBranch(call: Call): readonly ValueId[] {
  const { splicer: s, node } = call;
  const [condition] = node.inputs;
  if (condition == null) return stays("its condition is missing");
  const known = s.data(condition);
  if (known !== undefined) return call.copy(branch(s, node, (toNumbers(known)[0] ?? 0) === 0 ? "else_branch" : "then_branch"), []);
  return both(call, condition);
}

const late = "its condition is computed at run time";

/**
 * Branches have no effects but their results. Both are computed, and their results chosen from, if they are short. If one cannot be run with
 * operands of these shapes, the condition must pick the other one; should it not, there is nothing right to give: NaN.
 */
function both(call: Call, condition: ValueId): readonly ValueId[] {
  const { splicer: s, node } = call;
  const before = s.nodes.length;
  const [then, otherwise] = ["then_branch", "else_branch"].map((name) => attempt(call, branch(s, node, name))) as [Branch, Branch];
  if (count(s.staticShape(condition)) !== 1) stays(late);
  const cond =
    s.staticShape(condition).length === 0 ? condition : s.add(node, "reshape", [condition], { shape: [], allowZero: true }, "condition");
  if (then instanceof Impossible && otherwise instanceof Impossible) throw then;
  if (then instanceof Impossible)
    return (otherwise as readonly ValueId[]).map((id) => s.add(node, "where", [cond, nan(s, id), id], {}, s.value(id).name));
  if (otherwise instanceof Impossible) return then.map((id) => s.add(node, "where", [cond, id, nan(s, id)], {}, s.value(id).name));
  const size = s.nodes.length - before;
  if (size > maxBoth) stays(`${late}, and its branches are too long to compute both (${size} operators)`);
  return then.map((a, i) => {
    const b = otherwise[i] ?? stays("a result of a branch is missing");
    const [x, y] = [s.value(a), s.value(b)];
    const same = x.dtype === y.dtype && String(s.staticShape(a)) === String(s.staticShape(b));
    if (!same) stays(`${late}, and its branches give different types`);
    return s.add(node, "where", [cond, a, b], {}, x.name);
  });
}

type Branch = readonly ValueId[] | Impossible;

/** The results of a branch, or why it cannot be run. */
function attempt(call: Call, body: number): Branch {
  const mark = call.splicer.mark();
  try {
    return call.copy(body, []);
  } catch (e) {
    if (!(e instanceof Impossible)) throw e;
    call.splicer.rewind(mark);
    return e;
  }
}

function nan(s: Splicer, like: ValueId): ValueId {
  const { dtype } = s.value(like);
  return isFloat(dtype) ? s.constant("nan", fromValues(dtype, [], [NaN])) : stays(late);
}
