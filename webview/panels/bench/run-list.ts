/** The runs that are known: those the host has kept, those of this session, those that were opened from files. */
import { isBenchRun, type BenchRun } from "#protocol";
import type { App } from "../../app.ts";

export class RunList {
  private list: readonly BenchRun[] = [];

  constructor(private readonly app: App) {}

  /** Oldest first. */
  get all(): readonly BenchRun[] {
    return this.list;
  }

  find(id: string | undefined): BenchRun | undefined {
    return this.list.find((run) => run.id === id);
  }

  get newest(): BenchRun | undefined {
    return this.list[this.list.length - 1];
  }

  /** Asks the host for what it has kept. A host that has nothing, or cannot say, changes nothing. */
  async load(): Promise<void> {
    const kept: unknown = await this.app.host.request("benchRuns", {}).result.catch(() => []);
    for (const run of Array.isArray(kept) ? kept : []) if (isBenchRun(run)) this.put(run);
  }

  /** Adds it, and keeps it over restarts. */
  keep(run: BenchRun): void {
    this.put(run);
    this.app.host.request("keepRun", { run }).result.catch(() => undefined);
  }

  /** Adds it for this session; a run of the same name is replaced. */
  put(run: BenchRun): void {
    this.list = [...this.list.filter(({ id }) => id !== run.id), run].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  drop(ids: readonly string[]): void {
    this.list = this.list.filter(({ id }) => !ids.includes(id));
    this.app.host.request("dropRuns", { ids }).result.catch(() => undefined);
  }
}
