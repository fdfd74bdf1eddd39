/** The seconds that a tuning may take, as a hard limit: what cannot end within them is not begun, and what still runs at their end is stopped. */
import { UserError } from "../../messages.ts";

/** What takes long enough to be asked about first. */
export type Work = "harness" | "part" | "unit";

/** Seconds that a build takes where none has been timed yet: two cores, nothing kept. */
const usual: Readonly<Record<Work, number>> = { harness: 5, part: 2, unit: 5 };
/** The last build of each kind that was no cached one, in this process. */
const known = new Map<Work, number>();
/** A build that was kept from before takes no longer. */
const cachedSeconds = 0.3;

/** Seconds of a build: as the last one of its kind, else as usual on a machine that is as slow as the other kind shows it to be. */
function expected(work: Work): number {
  const slower = (["harness", "part", "unit"] as const).map((w) => (known.get(w) ?? usual[w]) / usual[w]);
  return known.get(work) ?? usual[work] * Math.max(1, ...slower);
}

export class Budget {
  readonly #end: number;
  readonly #timer: NodeJS.Timeout;
  readonly #limit = new AbortController();
  /** Fires when the seconds are over, or when whoever asked has changed their mind. */
  readonly signal: AbortSignal;

  constructor(
    readonly seconds: number,
    private readonly asked?: AbortSignal,
  ) {
    this.#end = performance.now() + 1000 * seconds;
    this.#timer = setTimeout(() => this.#limit.abort(), 1000 * seconds);
    this.#timer.unref();
    this.signal = asked === undefined ? this.#limit.signal : AbortSignal.any([asked, this.#limit.signal]);
  }

  /** Seconds that are left; never negative. */
  left(): number {
    return Math.max(0, (this.#end - performance.now()) / 1000);
  }

  /** Could `count` builds of a kind, one after the other, end in time? */
  allows(work: Work, count = 1): boolean {
    return count * expected(work) < this.left();
  }

  /** Times a build, for the next time the question comes up. */
  async timed<T>(work: Work, make: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    const made = await make();
    const seconds = (performance.now() - begun) / 1000;
    if (seconds > cachedSeconds) known.set(work, seconds);
    return made;
  }

  /** Was this error made by the end of the budget, and not by anybody else? */
  ended(e: unknown): boolean {
    const stopped = e instanceof UserError && (e.code === "cancelled" || e.code === "compiler-timeout");
    return stopped && this.asked?.aborted !== true && this.#limit.signal.aborted;
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
