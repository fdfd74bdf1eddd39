/**
 * Which snapshots stay ready. The last ones looked at do, as many as their size allows: everything made for a snapshot (boxes, places, links)
 * lives as long as its maps do. Of the others some stay as milestones with maps of their own, so that no chain of deltas is long.
 */
import type { Snapshot } from "./trace.ts";

const mostRecent = 24;
const leastRecent = 6;
/** Nodes and values in all recent snapshots. One of 50,000 nodes takes 6 MB, and 25 MB more once it was drawn. */
const mostRows = 1_000_000;
/** Stages between two milestones at most. */
const milestoneEvery = 8;

export class SnapshotCache {
  /** Longest not looked at first. */
  private readonly recent = new Map<number, Snapshot>();
  private readonly milestones = new Map<number, Snapshot>();

  constructor(private readonly rows = mostRows) {}

  has(stage: number): boolean {
    return this.recent.has(stage) || this.milestones.has(stage);
  }

  /** A snapshot to build on; what is made for it must not outlive the call. */
  basis(stage: number): Snapshot | undefined {
    return this.recent.get(stage) ?? this.milestones.get(stage);
  }

  /** A snapshot to look at. */
  get(stage: number): Snapshot | undefined {
    const found = this.basis(stage);
    if (found) this.look(found);
    return found;
  }

  /** Keeps a snapshot that is looked at. */
  look(snapshot: Snapshot): void {
    this.recent.delete(snapshot.stage);
    this.milestones.delete(snapshot.stage);
    this.recent.set(snapshot.stage, snapshot);
    const size = snapshot.nodes.size + snapshot.values.size + 1;
    const room = Math.max(leastRecent, Math.min(mostRecent, Math.floor(this.rows / size)));
    for (const [stage, old] of this.recent) {
      if (this.recent.size <= room) break;
      this.recent.delete(stage);
      if (this.isMilestone(stage)) this.milestones.set(stage, { ...old, nodes: new Map(old.nodes) });
    }
  }

  /** Keeps a snapshot that was only passed on the way, if it is a milestone. */
  pass(snapshot: Snapshot): void {
    if (!this.recent.has(snapshot.stage) && this.isMilestone(snapshot.stage)) this.milestones.set(snapshot.stage, snapshot);
  }

  private isMilestone(stage: number): boolean {
    for (const other of this.milestones.keys()) if (Math.abs(other - stage) < milestoneEvery) return false;
    return true;
  }

  get size(): number {
    return this.recent.size + this.milestones.size;
  }
}
