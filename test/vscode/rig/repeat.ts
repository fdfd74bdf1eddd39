// What a user does when nothing happens: look again, then click again. The workbench draws its toolbars and trees anew while it is busy,
// and a click that falls between two drawings is lost.

export interface Repeat {
  /** Gives true once the action has had its effect. */
  readonly seen: () => Promise<boolean>;
  /** Gives true when something is on its way, so that the action must not be repeated; default: never. */
  readonly begun?: () => Promise<boolean>;
  /** Milliseconds until the action is repeated, and until all is given up. */
  readonly again?: number;
  readonly limit?: number;
}

/** Acts, waits for the effect, and acts again when nothing at all happened. */
export async function untilSeen(what: string, action: () => Promise<unknown>, options: Repeat): Promise<void> {
  const { seen, begun = () => Promise.resolve(false), again = 5000, limit = 60_000 } = options;
  const end = Date.now() + limit;
  let trouble: unknown;
  while (Date.now() < end) {
    if (!(await begun())) await action().catch((error: unknown) => (trouble = error));
    for (const pause = Math.min(end, Date.now() + again); Date.now() < pause;) {
      if (await seen().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
  throw new Error(`${what}: nothing came of it within ${limit / 1000} s`, { cause: trouble });
}
