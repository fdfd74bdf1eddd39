/** Placements of snapshots: cached, asked for off the thread, ELK's for small graphs where it does better. */
import type { Boxes } from "../../model/boxes.ts";
import type { Direction } from "../../store.ts";
import { crossingsOf } from "../../layout/crossings.ts";
import { ElkLayouter, elkLimit } from "../../layout/elk.ts";
import { layout } from "../../layout/compound.ts";
import { layoutInput } from "../../layout/input.ts";
import { Layouter, Superseded } from "../../layout/layouter.ts";
import type { LayoutInput, Placement } from "../../layout/types.ts";

/**
 * The first picture of so many boxes at most is laid out here: nobody uses the page yet, and a worker would have to come up first, beside
 * everything else that does.
 */
const atOnceLimit = 1500;
/** When the worker comes up after that. */
const workerAfterMs = 60;

/** A picture that is good enough stays: without a better one, nothing is lost. */
const nothing = (): void => undefined;

export class Pictures {
  private readonly known = { down: new WeakMap<Boxes, Placement>(), right: new WeakMap<Boxes, Placement>() };
  private readonly own = new Layouter();
  private readonly elk = new ElkLayouter();

  private open = 0;
  /** Counts what was asked for. */
  private asked = 0;
  /** Of the first picture: the boxes for which a better placement may still be found. */
  private improved: Boxes | undefined;

  constructor(
    private readonly failed: (error: unknown) => void,
    /** The last placement that was asked for is there, or was given up. */
    private readonly idle: () => void,
    /** The first placement is found on this thread. */
    private readonly firstAtOnce = false,
  ) {}

  /** True while a placement may still come that replaces the one shown. */
  get awaited(): boolean {
    return this.open > 0;
  }

  /** These boxes have been placed at once, and a better placement was not found yet. */
  isOpen(boxes: Boxes): boolean {
    return this.open > 0 && this.improved === boxes;
  }

  get(boxes: Boxes, direction: Direction): Placement | undefined {
    return this.known[direction].get(boxes);
  }

  /**
   * Asks for a placement and calls back with it: once or, when ELK finds one of a small picture in which fewer ways cross, twice. Asking again
   * ends this.
   */
  request(boxes: Boxes, direction: Direction, hint: Float64Array | undefined, arrived: (placement: Placement) => void): void {
    this.cancel();
    const input = layoutInput(boxes, direction, hint);
    const take = (placement: Placement): void => {
      this.known[direction].set(boxes, placement);
      arrived(placement);
    };
    const small = boxes.count <= elkLimit;
    const improve = ({ crossings = 0 }: Placement): void => {
      if (crossings > 0) this.run(this.elk.layout(input), nothing, (other) => crossingsOf(input, other) < crossings && take(other));
    };
    const isFirst = this.firstAtOnce && this.asked === 1 && boxes.count <= atOnceLimit;
    const again = this.improved === boxes;
    this.improved = isFirst || again ? boxes : undefined;
    if (isFirst) take(layout(input));
    if (isFirst || again) {
      return this.run(this.later(input, small), nothing, improve);
    }
    this.run(this.own.layout(input, small), this.failed, (placement) => {
      take(placement);
      improve(placement);
    });
  }

  /** The worker comes up, and does anew what was done without it: it counts crossings, and remembers frames. */
  private async later(input: LayoutInput, countCrossings: boolean): Promise<Placement> {
    const { asked } = this;
    await new Promise((resolve) => setTimeout(resolve, workerAfterMs));
    if (asked !== this.asked) throw new Superseded("superseded");
    return this.own.layout(input, countCrossings);
  }

  private run(layout: Promise<Placement>, failed: (error: unknown) => void, done: (placement: Placement) => void): void {
    this.open += 1;
    layout
      .then(done)
      .catch((error: unknown) => error instanceof Superseded || failed(error))
      .finally(() => {
        this.open -= 1;
        if (this.open === 0) this.idle();
      });
  }

  cancel(): void {
    this.asked += 1;
    this.own.cancel();
    this.elk.cancel();
  }
}
