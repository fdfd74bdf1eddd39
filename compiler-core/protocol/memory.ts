/** The memory plan over the schedule: what is alive at each step, where it is most, and what no plan could do without. */

/** A top-level piece of `run`, in order: `firstStep` and `lastStep` of buffers count them. */
export interface MemoryStep {
  readonly name: string;
  /** The fusion group whose nest it is; absent for loose statements. */
  readonly group?: number;
  /** Bytes of arena buffers that are alive together then. */
  readonly aliveBytes: number;
}

export interface MemoryReport {
  readonly steps: readonly MemoryStep[];
  /** The most that is alive together at any time: no plan for this schedule needs less. */
  readonly lowerBoundBytes: number;
  /** The first step at which that is so; -1 when nothing lives in the arena. */
  readonly peakStep: number;
  /** Buffers of the arena that are alive then, largest first. */
  readonly culprits: readonly number[];
  /** Of one thread. */
  readonly scratchBytes: number;
  /** Buffers of the arena that only the first run uses, for work on constants. */
  readonly firstRunOnly: readonly number[];
}
