/** When what leads to the first picture of a model happened, for the log: where a slow opening lost its time. */

/** Of the page, in this order; it may say anything. */
const pageSteps = ["script", "ready", "graph", "placed", "painted"];

export class Trail {
  private readonly begun = now();
  private readonly steps: [what: string, at: number][] = [];
  private over = false;

  get isOver(): boolean {
    return this.over;
  }

  /** Notes when something happened for the first time. */
  mark(what: string): void {
    if (!this.over && this.steps.every(([known]) => known !== what)) this.steps.push([what, now()]);
  }

  /** @param page when its steps were, in ms since 1970 @returns `after 412 ms (opened 80, graph 95, page: script 210, ...)` */
  end(page: Readonly<Record<string, number>>): string {
    this.over = true;
    const own = this.steps.map(([what, at]) => `${what} ${since(this.begun, at)}`);
    const there = pageSteps.flatMap((what) => (page[what] === undefined ? [] : [`${what} ${since(this.begun, page[what])}`]));
    return `after ${since(this.begun, now())} ms (host: ${own.join(", ")}; page: ${there.join(", ")})`;
  }
}

const now = (): number => performance.timeOrigin + performance.now();
const since = (from: number, to: number): string => (to - from).toFixed(0);
