/** Placements of snapshots: cached, asked for off the thread, ELK's for small graphs. */
import type { Boxes } from "../../model/boxes.ts";
import type { Direction } from "../../store.ts";
import { ElkLayouter, elkIsWarm, elkLimit } from "../../layout/elk.ts";
import { layoutInput } from "../../layout/input.ts";
import { Layouter, Superseded } from "../../layout/layouter.ts";
import type { Placement } from "../../layout/types.ts";

export class Pictures {
  private readonly known = { down: new WeakMap<Boxes, Placement>(), right: new WeakMap<Boxes, Placement>() };
  private readonly own = new Layouter();
  private readonly elk = new ElkLayouter();

  private open = 0;

  constructor(
    private readonly failed: (error: unknown) => void,
    /** The last placement that was asked for is there, or was given up. */
    private readonly idle: () => void,
  ) {}

  /** True while a placement may still come that replaces the one shown. */
  get awaited(): boolean {
    return this.open > 0;
  }

  get(boxes: Boxes, direction: Direction): Placement | undefined {
    return this.known[direction].get(boxes);
  }

  /**
   * Asks for a placement and calls back with it, once or, when ELK improves on the first one, twice. Asking again ends this.
   */
  request(boxes: Boxes, direction: Direction, hint: Float64Array | undefined, arrived: (placement: Placement) => void): void {
    const small = boxes.count <= elkLimit;
    this.cancel();
    const take = (placement: Placement): void => {
      this.known[direction].set(boxes, placement);
      arrived(placement);
    };
    const run = (layout: Promise<Placement>, otherwise?: () => unknown): void => {
      this.open += 1;
      layout
        .then(take)
        .catch((error: unknown) => {
          if (error instanceof Superseded) return;
          if (otherwise) otherwise();
          else this.failed(error);
        })
        .finally(() => {
          this.open -= 1;
          if (this.open === 0) this.idle();
        });
    };
    const input = layoutInput(boxes, direction, hint);
    // Waiting for ELK is better than a picture that jumps, once it is known to run here.
    const first = !small || !elkIsWarm();
    if (first) run(this.own.layout(input));
    if (small) run(this.elk.layout(input), () => !first && run(this.own.layout(input)));
  }

  cancel(): void {
    this.own.cancel();
    this.elk.cancel();
  }
}
