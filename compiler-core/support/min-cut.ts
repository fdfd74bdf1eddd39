/** The cheapest way to part a graph in two: a minimum cut by Dinic's algorithm (E. A. Dinic, 1970), for costs that are whole numbers. */

interface Arc {
  readonly to: number;
  /** What may still flow. */
  room: number;
  /** Place of the opposite arc in the list of `to`. */
  readonly back: number;
}

export class CutGraph {
  readonly #arcs: Arc[][] = [[], []];
  /** The two sides. */
  readonly source = 0;
  readonly sink = 1;

  node(): number {
    return this.#arcs.push([]) - 1;
  }

  /** What it costs when `from` is on the source's side and `to` on the sink's. */
  connect(from: number, to: number, cost: number): void {
    if (!(cost > 0) || from === to) return;
    const [a, b] = [this.#arcs[from]!, this.#arcs[to]!];
    a.push({ to, room: cost, back: b.length });
    b.push({ to: from, room: 0, back: a.length - 1 });
  }

  /** The nodes on the source's side of a cheapest cut: as few of them as possible. */
  cut(): ReadonlySet<number> {
    for (let levels = this.#levels(); levels[this.sink]! >= 0; levels = this.#levels()) {
      const next = this.#arcs.map(() => 0);
      while (this.#push(levels, next)) continue;
    }
    const levels = this.#levels();
    return new Set(levels.flatMap((level, node) => (level >= 0 ? [node] : [])));
  }

  /** Distances from the source along arcs with room; -1: out of reach. */
  #levels(): number[] {
    const levels = this.#arcs.map(() => -1);
    levels[this.source] = 0;
    const queue = [this.source];
    for (const at of queue)
      for (const { to, room } of this.#arcs[at]!)
        if (room > 0 && levels[to]! < 0) {
          levels[to] = levels[at]! + 1;
          queue.push(to);
        }
    return levels;
  }

  /** One more path to the sink, filled; false when there is none left. `next`: the arc to try next, for each node. */
  #push(levels: readonly number[], next: number[]): boolean {
    const path: Arc[] = [];
    let at = this.source;
    while (at !== this.sink) {
      const arc = this.#arcs[at]![next[at]!];
      if (arc === undefined) {
        const last = path.pop();
        if (last === undefined) return false;
        at = this.#arcs[last.to]![last.back]!.to;
        next[at]!++;
      } else if (arc.room > 0 && levels[arc.to] === levels[at]! + 1) {
        path.push(arc);
        at = arc.to;
      } else next[at]!++;
    }
    const flow = Math.min(...path.map((arc) => arc.room));
    for (const arc of path) {
      arc.room -= flow;
      this.#arcs[arc.to]![arc.back]!.room += flow;
    }
    return true;
  }
}
