/** Everything the graph canvas shows, as data. */
import type { Boxes } from "../model/boxes.ts";
import type { Placement } from "../layout/types.ts";
import type { Grid } from "./grid.ts";

export enum Mark {
  None,
  Added,
  Changed,
  Removed,
}

/** The outline of a fusion group. */
export interface Hull {
  readonly group: number;
  readonly label: string;
  readonly colour: number;
  /** The group is not compiled. */
  readonly dashed: boolean;
  /** x, y, x, y ... of a convex polygon. */
  readonly outline: readonly (readonly [number, number])[];
}

/** An edge that was looked at for fusion and left alone. */
export interface RejectedEdge {
  readonly edge: number;
  readonly because: string;
}

export interface Scene {
  readonly boxes: Boxes;
  readonly placement: Placement;
  readonly grid: Grid;
  /** By box index. */
  readonly marks: Uint8Array;
  readonly hulls: readonly Hull[];
  readonly rejected: readonly RejectedEdge[];
  /** Keys of boxes. */
  readonly selected: ReadonlySet<number>;
  readonly lit: ReadonlySet<number>;
  /** Group whose hull is emphasised. */
  readonly selectedGroup: number | undefined;
  /** Producer and consumer keys of the selected edge. */
  readonly selectedEdge: readonly [number, number] | undefined;
}

/** Screen = world * k + (x, y). */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly k: number;
}

/** How much is drawn, by zoom. */
export enum Detail {
  Blocks,
  Ops,
  Names,
  Shapes,
}

/** Text is drawn only where it is at least 6 px high. */
export const detailAt = (k: number): Detail => (k < 0.27 ? Detail.Blocks : k < 0.58 ? Detail.Ops : k < 0.8 ? Detail.Names : Detail.Shapes);
