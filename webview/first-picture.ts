/**
 * The first picture goes first. What the host says before the first graph is held for a moment, so that the page is written once, with
 * the graph; what it says after that waits until the graph is painted. A model of a few hundred nodes has gone through ten passes by then,
 * and each of them would have the page write its lists again before it draws anything.
 */
import type { ToPage } from "#protocol";
import { mark } from "./start-marks.ts";

/** A page that is hidden paints nothing. */
const patienceMs = 400;
/** A graph that is ready comes right behind the greeting; one that is not leaves time to show what the page is about. */
const togetherMs = 25;

export class FirstPicture {
  /** What came before the first graph. */
  private early: ToPage[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What came after it. */
  private waiting: ToPage[] | undefined;
  private over = false;

  /** @param together has the page written once for all that is done in it @param done the first picture is there, or was waited for in vain */
  constructor(
    private readonly take: (message: ToPage) => void,
    private readonly together: (changes: () => void) => void = (changes) => changes(),
    private readonly done: () => void = () => undefined,
  ) {}

  /** The first graph is here and not painted yet. */
  get isDrawn(): boolean {
    return this.waiting !== undefined;
  }

  /** Takes a message now or, in the same order, a little later. */
  deliver(message: ToPage): void {
    if (this.over) return this.take(message);
    if (this.waiting) return void this.waiting.push(message);
    this.early.push(message);
    if ((message as { type?: unknown } | null | undefined)?.type !== "stage") return void (this.timer ??= this.later());
    mark("graph");
    this.waiting = [];
    setTimeout(() => this.flush(), patienceMs);
    this.takeEarly();
  }

  /** The first graph is drawn; the browser shows it before anything else is done. */
  painted(): void {
    mark("painted");
    setTimeout(() => this.flush(), 0);
  }

  private later(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.takeEarly(), togetherMs);
  }

  private takeEarly(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { early } = this;
    this.early = [];
    this.together(() => early.forEach((message) => this.take(message)));
  }

  private flush(): void {
    this.over = true;
    const { waiting = [] } = this;
    this.waiting = undefined;
    this.done();
    for (const message of waiting) this.take(message);
  }
}
