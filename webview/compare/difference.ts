/** What sets two graphs apart, once it is known which node is which. */
import { changeText, type Identity } from "../model/change-text.ts";
import { noChange, type StageChange } from "../model/change.ts";
import { links } from "../model/links.ts";
import type { Snapshot } from "../model/trace.ts";
import type { Pairs } from "./match.ts";

export interface Differing {
  readonly here: number;
  readonly there: number;
  /** One difference a line. */
  readonly lines: readonly string[];
}

export interface Difference {
  readonly pairs: Pairs;
  /** In the order of execution. */
  readonly onlyHere: readonly number[];
  readonly onlyThere: readonly number[];
  readonly differing: readonly Differing[];
  readonly same: number;
  /** The same as marks: the second graph is the first one changed. */
  readonly change: StageChange;
}

export function differenceOf(a: Snapshot, b: Snapshot, pairs: Pairs): Difference {
  const identity: Identity = { value: valueMap(a, b, pairs), node: (id) => pairs.there.get(id) };
  const differing: Differing[] = [];
  for (const here of a.order) {
    const there = pairs.there.get(here);
    if (there === undefined) continue;
    const lines = changeText({ snapshot: a, node: here }, { snapshot: b, node: there }, identity);
    if (lines.length > 0) differing.push({ here, there, lines });
  }
  const onlyHere = [...a.order].filter((id) => !pairs.there.has(id));
  const onlyThere = [...b.order].filter((id) => !pairs.here.has(id));
  const change: StageChange = {
    ...noChange,
    added: new Set(onlyThere),
    removed: new Set(onlyHere),
    changed: new Set(differing.map(({ there }) => there)),
    replaces: new Map(differing.map(({ here, there }) => [there, here])),
  };
  return { pairs, onlyHere, onlyThere, differing, same: pairs.there.size - differing.length, change };
}

/** Values of the first graph -> those of the second: results of paired nodes, inputs by place, constants by the operand they are. */
function valueMap(a: Snapshot, b: Snapshot, pairs: Pairs): (value: number) => number | undefined {
  const map = new Map<number, number>();
  const put = (x: number | undefined, y: number | undefined): void => {
    if (x !== undefined && y !== undefined && x >= 0 && y >= 0 && !map.has(x)) map.set(x, y);
  };
  const named = new Map(Array.from(b.inputs, (value) => [b.values.get(value)?.name, value]));
  a.inputs.forEach((value, i) => put(value, named.get(a.values.get(value)?.name) ?? b.inputs[i]));
  for (const [x, y] of pairs.there) a.nodes.get(x)?.outputs.forEach((value, i) => put(value, b.nodes.get(y)?.outputs[i]));
  const [makersA, makersB] = [links(a).producer, links(b).producer];
  for (const [x, y] of pairs.there) {
    a.nodes.get(x)?.inputs.forEach((value, i) => {
      const other = b.nodes.get(y)?.inputs[i] ?? -1;
      if (!makersA.has(value) && !makersB.has(other)) put(value, other);
    });
  }
  return (value) => map.get(value);
}
