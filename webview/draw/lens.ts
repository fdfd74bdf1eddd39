/** How a picture is looked at: by which colours, with which of its boxes in the light. The picture itself stays the same. */
import type { Paint } from "./paint.ts";

export interface Lens {
  readonly paint: Paint;
  /** Keys of the boxes on the way of a tensor; the rest is dimmed. */
  readonly followed?: ReadonlySet<number>;
  /** Keys of what a search found. */
  readonly found: ReadonlySet<number>;
  /** The one of them looked at. */
  readonly foundAt?: number;
  /** Edges that were looked at for fusion and left alone are drawn. */
  readonly whyNot: boolean;
}
