/** Decision trees of ai.onnx.ml, as the attributes of opset 1 to 4 and of opset 5 say them, in one form; and which leaves rows fall into. */
import type { ValueId } from "../../graph/ir.ts";
import { fromValues } from "../../graph/ndarray.ts";
import { missingPasses, treeModes, type TreeMode } from "../../graph/ops/tree-leaves.ts";
import { notCompiled, type BuildCall } from "./build-call.ts";
import { typeOf } from "./ml-scores.ts";

/** A node or a leaf by its number among its kind. */
export interface Place {
  readonly leaf: boolean;
  readonly at: number;
}
export interface TreeNode {
  readonly feature: number;
  readonly mode: TreeMode;
  readonly threshold: number;
  readonly yes: Place;
  readonly no: Place;
  readonly missing: boolean;
}
export interface Weight {
  readonly target: number;
  readonly value: number;
}
export interface Forest {
  readonly nodes: readonly TreeNode[];
  /** Weights of each leaf. */
  readonly leaves: readonly (readonly Weight[])[];
  readonly roots: readonly Place[];
}

const modeNames: Readonly<Record<string, TreeMode>> = {
  BRANCH_LEQ: "le",
  BRANCH_LT: "lt",
  BRANCH_GTE: "ge",
  BRANCH_GT: "gt",
  BRANCH_EQ: "eq",
  BRANCH_NEQ: "ne",
};

/** Floats of an attribute, or of the tensor that says them in double. */
const floatsOrTensor = (c: BuildCall, name: string): readonly number[] | undefined => {
  const list = c.floats(name);
  if (list !== undefined && list.length > 0) return list;
  const nd = c.tensor(`${name}_as_tensor`);
  return nd && Array.from(nd.data as ArrayLike<number>, Number);
};

const must = <T>(value: T | undefined, name: string): T => value ?? notCompiled(`its ${name} are missing`);

/** TreeEnsembleClassifier and TreeEnsembleRegressor: nodes by tree and number, weights by the node they belong to. `kind`: class or target. */
export function forestByNodes(c: BuildCall, kind: "class" | "target"): Forest {
  const ids = (name: string): readonly number[] => must(c.ints(name), name);
  const [trees, numbers, features] = [ids("nodes_treeids"), ids("nodes_nodeids"), ids("nodes_featureids")];
  const [yes, no, missing] = [ids("nodes_truenodeids"), ids("nodes_falsenodeids"), c.ints("nodes_missing_value_tracks_true") ?? []];
  const values = must(floatsOrTensor(c, "nodes_values"), "nodes_values");
  const modes = must(c.strings("nodes_modes"), "nodes_modes");
  const key = (tree: number | undefined, id: number | undefined): string => `${tree}/${id}`;
  const places = new Map<string, Place>();
  let [inner, outer] = [0, 0];
  modes.forEach((mode, i) => {
    const leaf = mode === "LEAF";
    places.set(key(trees[i], numbers[i]), { leaf, at: leaf ? outer++ : inner++ });
  });
  const placeOf = (tree: number | undefined, id: number | undefined): Place =>
    places.get(key(tree, id)) ?? notCompiled(`tree ${tree} has no node ${id}`);
  const children = new Set<string>();
  const nodes = modes.flatMap((mode, i): TreeNode[] => {
    if (mode === "LEAF") return [];
    children.add(key(trees[i], yes[i])).add(key(trees[i], no[i]));
    return [
      {
        feature: features[i] ?? 0,
        mode: modeNames[mode] ?? notCompiled(`mode ${mode} is not known`),
        threshold: values[i] ?? 0,
        yes: placeOf(trees[i], yes[i]),
        no: placeOf(trees[i], no[i]),
        missing: (missing[i] ?? 0) !== 0,
      },
    ];
  });
  const leaves = Array.from({ length: outer }, (): Weight[] => []);
  const [weightTrees, weightNodes] = [ids(`${kind}_treeids`), ids(`${kind}_nodeids`)];
  const [targets, weights] = [ids(`${kind}_ids`), must(floatsOrTensor(c, `${kind}_weights`), "weights")];
  weights.forEach((value, i) => {
    const place = placeOf(weightTrees[i], weightNodes[i]);
    if (place.leaf) leaves[place.at]!.push({ target: targets[i] ?? 0, value });
  });
  const roots = modes.flatMap((_, i) => (children.has(key(trees[i], numbers[i])) ? [] : [placeOf(trees[i], numbers[i])]));
  if (roots.length !== new Set(trees).size) notCompiled("its trees do not have one root each");
  return { nodes, leaves, roots };
}

const numberedModes = ["le", "lt", "ge", "gt", "eq", "ne"] as const;
const member = 6;

/** TreeEnsemble of opset 5: nodes and leaves in lists of their own. A node that asks for a set becomes a chain of tests for its members. */
export function forestByLists(c: BuildCall): Forest {
  const ids = (name: string): readonly number[] => must(c.ints(name), name);
  const list = (name: string): readonly number[] => {
    const nd = c.tensor(name);
    return nd === undefined ? [] : Array.from(nd.data as ArrayLike<number>, Number);
  };
  const [features, modes, splits] = [ids("nodes_featureids"), list("nodes_modes"), list("nodes_splits")];
  const [yes, no] = [ids("nodes_truenodeids"), ids("nodes_falsenodeids")];
  const [yesLeaf, noLeaf] = [ids("nodes_trueleafs"), ids("nodes_falseleafs")];
  const missing = c.ints("nodes_missing_value_tracks_true") ?? [];
  const sets = membersOf(list("membership_values"));
  const nodes: TreeNode[] = [];
  const extra: TreeNode[] = [];
  let nextSet = 0;
  modes.forEach((code, i) => {
    const place = (leaf: number | undefined, at: number | undefined): Place => ({ leaf: leaf === 1, at: at ?? 0 });
    const [pass, fail] = [place(yesLeaf[i], yes[i]), place(noLeaf[i], no[i])];
    const base = { feature: features[i] ?? 0, yes: pass, missing: (missing[i] ?? 0) !== 0 };
    if (code !== member) {
      nodes.push({ ...base, mode: numberedModes[code] ?? notCompiled(`mode ${code} is not known`), threshold: splits[i] ?? 0, no: fail });
      return;
    }
    const members = sets[nextSet++] ?? [];
    const [first = NaN, ...others] = members;
    const behind = others.map((threshold, k): TreeNode => {
      const next = k + 1 < others.length ? { leaf: false, at: modes.length + extra.length + k + 1 } : fail;
      return { ...base, mode: "eq", threshold, no: next };
    });
    nodes.push({
      ...base,
      mode: "eq",
      threshold: first,
      no: behind.length === 0 ? fail : { leaf: false, at: modes.length + extra.length },
    });
    extra.push(...behind);
  });
  const leaves = ids("leaf_targetids").map((target, i) => [{ target, value: list("leaf_weights")[i] ?? 0 }]);
  const roots = ids("tree_roots").map((at) => ({ leaf: false, at }));
  const forest = { nodes: [...nodes, ...extra], leaves, roots };
  // A tree that is one leaf stands there as a node whose both ways lead to it.
  return forest;
}

/** Sets one after the other, each ended by a NaN. */
function membersOf(values: readonly number[]): readonly (readonly number[])[] {
  const sets: number[][] = [[]];
  for (const v of values) {
    if (Number.isNaN(v)) sets.push([]);
    else sets.at(-1)!.push(v);
  }
  return sets;
}

/** Ways longer than this are no trees that anybody grew. */
const maxDepth = 4096;

function depthOf({ nodes, leaves, roots }: Forest): number {
  const known = new Map<number, number>();
  const open = new Set<number>();
  const walk = (p: Place, above: number): number => {
    if (p.leaf) return leaves[p.at] === undefined ? notCompiled(`there is no leaf ${p.at}`) : 0;
    const node = nodes[p.at] ?? notCompiled(`there is no node ${p.at}`);
    const found = known.get(p.at);
    if (found !== undefined) return found;
    if (open.has(p.at) || above > maxDepth) notCompiled("its nodes form no trees");
    open.add(p.at);
    const depth = 1 + Math.max(walk(node.yes, above + 1), walk(node.no, above + 1));
    open.delete(p.at);
    known.set(p.at, depth);
    return depth;
  };
  return Math.max(0, ...roots.map((r) => walk(r, 0)));
}

/** The leaf of every tree, rows by trees: numbers of leaves. */
export function leavesOf(c: BuildCall, x: ValueId, forest: Forest): ValueId {
  const depth = depthOf(forest);
  const { nodes, leaves, roots } = forest;
  const dtype = typeOf(c, x);
  const numberOf = (p: Place): number => (p.leaf ? p.at : leaves.length + p.at);
  const self = leaves.map((_, i) => i);
  const table = (type: "i32" | "u8" | "f32" | "f64", values: readonly number[]): ValueId =>
    c.context.graph.constant("", fromValues(type, [values.length], values));
  const codes = nodes.map((n) => treeModes.indexOf(n.mode) + (n.missing ? missingPasses : 0));
  const still = leaves.map(() => 0);
  return c.add(
    "tree-leaves",
    [
      x,
      table("i32", [...still, ...nodes.map((n) => n.feature)]),
      table(dtype === "f64" ? "f64" : "f32", [...still, ...nodes.map((n) => n.threshold)]),
      table("i32", [...self, ...nodes.map((n) => numberOf(n.yes))]),
      table("i32", [...self, ...nodes.map((n) => numberOf(n.no))]),
      table("u8", [...leaves.map(() => codes[0] ?? 0), ...codes]),
      table("i32", roots.map(numberOf)),
    ],
    {
      features: nodes.reduce((most, n) => Math.max(most, n.feature + 1), 1),
      leaves: leaves.length,
      depth,
      modes: [...new Set(codes)].sort((a, b) => a - b),
    },
  );
}
