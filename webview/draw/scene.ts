/** Everything the graph canvas shows, as data. */
import type { Boxes } from "../model/boxes.ts";
import type { Placement } from "../layout/types.ts";
import type { ChangeCounts } from "./cluster-counts.ts";
import type { Grid } from "./grid.ts";

export enum Mark {
  None,
  Added,
  Changed,
  Removed,
  /** The same node in another place. */
  Moved,
}

/** A fusion group: drawn as one outline around its boxes and the edges between them. */
export interface Hull {
  readonly group: number;
  readonly label: string;
  readonly colour: number;
  /** The group is not compiled. */
  readonly dashed: boolean;
  /** Box indices. */
  readonly members: readonly number[];
  /** Edges between them. */
  readonly ways: readonly number[];
}

/** Room between a hull and its boxes, and above them, where its label is. */
export const hullPadding = 9;
export const hullTop = 19;

/** An edge that was looked at for fusion and left alone. */
export interface RejectedEdge {
  readonly edge: number;
  readonly because: string;
  /** The numbers that were compared, a line each. */
  readonly facts: readonly string[];
  /** Something was lost; false where there was nothing to gain, as next to a view. */
  readonly lost: boolean;
}

export interface Scene {
  readonly boxes: Boxes;
  readonly placement: Placement;
  readonly grid: Grid;
  /** By box index. */
  readonly marks: Uint8Array;
  /** What happened to the nodes in closed clusters, by box index. */
  readonly counts: ReadonlyMap<number, ChangeCounts>;
  readonly hulls: readonly Hull[];
  /** Index into `hulls` by box; -1: none. */
  readonly hullOf: Int32Array;
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

/** Sizes of text in world pixels, by what it is. */
export const fontSizes = { title: 12, small: 11, tag: 10 } as const;
/** Text is drawn only where it is at least this high on the screen. */
export const leastText = 6;
/** The only text of a box from afar, as large as its height allows. */
const [smallestFar, largestFar] = [20, 30];

/** Size of that text at a zoom; whole, so that few fonts are measured. */
export const farFont = (k: number): number => Math.min(largestFar, Math.max(smallestFar, Math.ceil((leastText + 0.3) / k)));

/** Each level begins where its smallest text can be read. */
export const detailAt = (k: number): Detail => {
  if (k * largestFar < leastText) return Detail.Blocks;
  if (k * fontSizes.small < leastText) return Detail.Ops;
  return k * fontSizes.tag < 7.5 ? Detail.Names : Detail.Shapes;
};
