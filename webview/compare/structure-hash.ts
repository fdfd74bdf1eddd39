/** Nodes of two graphs by what surrounds them: equal numbers mean equal neighbourhoods, out to a distance. */
import type { NodeRow, Snapshot } from "../model/trace.ts";
import { links } from "../model/links.ts";

/** Gives equal texts equal numbers, in both graphs. */
export class Interner {
  private readonly known = new Map<string, number>();

  number(text: string): number {
    const before = this.known.get(text);
    if (before !== undefined) return before;
    this.known.set(text, this.known.size);
    return this.known.size - 1;
  }
}

export type Hashes = ReadonlyMap<number, number>;

/** One map of node id -> number for each distance from 0 to `radius`. */
export function neighbourhoods(snapshot: Snapshot, radius: number, interner: Interner): Hashes[] {
  const { producer, consumers } = links(snapshot);
  const inputs = new Map(Array.from(snapshot.inputs, (value, i) => [value, i]));
  const outputs = new Set(snapshot.outputs);
  const rows = [...snapshot.nodes.values()];
  const own = new Map(rows.map((row) => [row.id, interner.number(labelOf(row, snapshot))]));
  const levels: Hashes[] = [own];
  // What comes in and what goes out are followed apart: mixed, each step would see the whole graph.
  let [up, down]: [Hashes, Hashes] = [own, own];
  for (let distance = 1; distance <= radius; distance += 1) {
    const above = new Map<number, number>();
    const below = new Map<number, number>();
    for (const row of rows) {
      const from = Array.from(row.inputs, (value) => {
        const maker = value < 0 ? undefined : producer.get(value);
        if (maker !== undefined) return String(up.get(maker));
        return inputs.has(value) ? `in${inputs.get(value)}` : "const";
      });
      const to = Array.from(row.outputs, (value) => {
        const readers = (consumers.get(value) ?? []).map((id) => down.get(id) as number).sort((a, b) => a - b);
        return `${readers.join(",")}${outputs.has(value) ? "out" : ""}`;
      });
      above.set(row.id, interner.number(`u ${own.get(row.id)} ${from.join(" ")}`));
      below.set(row.id, interner.number(`d ${own.get(row.id)} ${to.join(" ")}`));
    }
    [up, down] = [above, below];
    levels.push(new Map(rows.map(({ id }) => [id, interner.number(`${above.get(id)}/${below.get(id)}`)])));
  }
  return levels;
}

/** What a node is by itself: operator, attributes, types of its results and of the constants it reads. */
function labelOf({ op, attrs, inputs, outputs }: NodeRow, { values }: Snapshot): string {
  const typeOf = (id: number): string => {
    const value = values.get(id);
    return value ? `${value.shape} ${value.dtype}` : "";
  };
  const constants = Array.from(inputs, (id) => (values.get(id)?.constant === true ? typeOf(id) : "·"));
  return JSON.stringify([op, attrs, constants, Array.from(outputs, typeOf)]);
}
