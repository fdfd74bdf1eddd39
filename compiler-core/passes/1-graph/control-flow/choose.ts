/** If: the branch that is taken, or both where the condition is only known at run time and they are short. */
import type { Node, ValueId } from "../../../graph/ir.ts";
import { count, toNumbers } from "../../../graph/ndarray.ts";
import { stays, type Splicer } from "./splicer.ts";
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

/** Both branches, and a choice between their results: they have no effects but their results. */
function both(call: Call, condition: ValueId): readonly ValueId[] {
  const { splicer: s, node } = call;
  const late = "its condition is computed at run time";
  const before = s.nodes.length;
  const [then, otherwise] = ["then_branch", "else_branch"].map((name) => call.copy(branch(s, node, name), [])) as [
    readonly ValueId[],
    readonly ValueId[],
  ];
  const size = s.nodes.length - before;
  if (size > maxBoth) stays(`${late}, and its branches are too long to compute both (${size} operators)`);
  const shape = s.staticShape(condition);
  if (count(shape) !== 1) stays(late);
  const single = shape.length === 0 ? condition : s.add(node, "reshape", [condition], { shape: [], allowZero: true }, "condition");
  return then.map((a, i) => {
    const b = otherwise[i] ?? stays("a result of a branch is missing");
    const [x, y] = [s.value(a), s.value(b)];
    const same = x.dtype === y.dtype && String(s.staticShape(a)) === String(s.staticShape(b));
    if (!same) stays(`${late}, and its branches give different types`);
    return s.add(node, "where", [single, a, b], {}, x.name);
  });
}
