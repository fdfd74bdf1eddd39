/**
 * The first picture goes first: what the host says after the first graph waits until that graph is painted. A model of a few hundred nodes
 * has gone through ten passes by then, and each of them would have the page write its lists again before it draws anything.
 */
import type { ToPage } from "#protocol";

/** A page that is hidden paints nothing. */
const patienceMs = 400;

export class FirstPicture {
  private waiting: ToPage[] | undefined;
  private over = false;

  constructor(private readonly take: (message: ToPage) => void) {}

  /** Takes a message now or, in the same order, after the first picture. */
  deliver(message: ToPage): void {
    if (this.waiting) return void this.waiting.push(message);
    this.take(message);
    if (this.over || (message as { type?: unknown } | null | undefined)?.type !== "stage") return;
    this.waiting = [];
    setTimeout(() => this.flush(), patienceMs);
  }

  /** The first graph is drawn; the browser shows it before anything else is done. */
  painted(): void {
    performance.mark("first-picture"); // what an opening is timed by
    setTimeout(() => this.flush(), 0);
  }

  private flush(): void {
    this.over = true;
    const { waiting = [] } = this;
    this.waiting = undefined;
    for (const message of waiting) this.take(message);
  }
}
