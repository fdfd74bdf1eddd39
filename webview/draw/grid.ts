/** A uniform grid over a placed graph: which boxes and edges may touch a rectangle, without a scan. */
import type { Boxes } from "../model/boxes.ts";
import { groupBy, type Csr, type Placement } from "../layout/types.ts";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const smallestCell = 640;
const mostCells = 120_000;
/** Edges that cross more cells than this are drawn as two stubs. */
const farCells = 96;
/** ... and so are those that no way was found for and that are longer than this. */
const farLength = 3000;

export class Grid {
  private readonly cell: number;
  private readonly columns: number;
  private readonly rows: number;
  private readonly boxCells: Csr;
  private readonly boxItems: Int32Array;
  private readonly edgeCells: Csr;
  private readonly edgeItems: Int32Array;
  private readonly seen: Uint32Array;
  private stamp = 0;
  /** 1: too long to be drawn whole. */
  readonly far: Uint8Array;

  constructor(
    boxes: Boxes,
    private readonly placement: Placement,
  ) {
    const { width, height, x, y, start, points } = placement;
    this.cell = Math.max(smallestCell, Math.sqrt((Math.max(width, 1) * Math.max(height, 1)) / mostCells), Math.max(width, height) / 30_000);
    this.columns = Math.floor(width / this.cell) + 1;
    this.rows = Math.floor(height / this.cell) + 1;
    const keys: number[] = [];
    const items: number[] = [];
    for (let i = 0; i < boxes.count; i += 1)
      this.cover(x[i] as number, y[i] as number, boxes.w[i] as number, boxes.h[i] as number, i, keys, items);
    this.boxCells = groupBy(keys, this.columns * this.rows);
    this.boxItems = Int32Array.from(items);
    const edgeKeys: number[] = [];
    const edgeItems: number[] = [];
    this.far = new Uint8Array(boxes.from.length);
    for (let e = 0; e < boxes.from.length; e += 1) {
      const unrouted = (start[e + 1] as number) - (start[e] as number) === 2;
      for (let p = start[e] as number; p + 1 < (start[e + 1] as number); p += 1) {
        const ax = points[2 * p] as number;
        const ay = points[2 * p + 1] as number;
        const bx = points[2 * p + 2] as number;
        const by = points[2 * p + 3] as number;
        if (
          (unrouted && Math.abs(by - ay) > farLength) ||
          (Math.abs(bx - ax) / this.cell + 1) * (Math.abs(by - ay) / this.cell + 1) > farCells
        ) {
          this.far[e] = 1;
          this.cover(ax, ay, 0, 0, e, edgeKeys, edgeItems);
          this.cover(bx, by, 0, 0, e, edgeKeys, edgeItems);
        } else this.cover(Math.min(ax, bx), Math.min(ay, by), Math.abs(bx - ax), Math.abs(by - ay), e, edgeKeys, edgeItems);
      }
    }
    this.edgeCells = groupBy(edgeKeys, this.columns * this.rows);
    this.edgeItems = Int32Array.from(edgeItems);
    this.seen = new Uint32Array(Math.max(boxes.count, boxes.from.length));
  }

  /** Boxes that may touch a rectangle, each once. */
  boxesIn(rect: Rect): number[] {
    return this.collect(rect, this.boxCells, this.boxItems);
  }

  edgesIn(rect: Rect): number[] {
    return this.collect(rect, this.edgeCells, this.edgeItems);
  }

  private columnOf(x: number): number {
    return Math.min(this.columns - 1, Math.max(0, Math.floor((x - this.placement.left) / this.cell)));
  }

  private rowOf(y: number): number {
    return Math.min(this.rows - 1, Math.max(0, Math.floor((y - this.placement.top) / this.cell)));
  }

  private cover(x: number, y: number, w: number, h: number, item: number, keys: number[], items: number[]): void {
    const left = this.columnOf(x);
    const right = this.columnOf(x + w);
    const bottom = this.rowOf(y + h);
    for (let row = this.rowOf(y); row <= bottom; row += 1) {
      for (let column = left; column <= right; column += 1) {
        keys.push(row * this.columns + column);
        items.push(item);
      }
    }
  }

  private collect(rect: Rect, cells: Csr, items: Int32Array): number[] {
    this.stamp += 1;
    const found: number[] = [];
    const left = this.columnOf(rect.x);
    const right = this.columnOf(rect.x + rect.w);
    const bottom = this.rowOf(rect.y + rect.h);
    for (let row = this.rowOf(rect.y); row <= bottom; row += 1) {
      const begin = cells.start[row * this.columns + left] as number;
      const end = cells.start[row * this.columns + right + 1] as number;
      for (let k = begin; k < end; k += 1) {
        const item = items[cells.items[k] as number] as number;
        if (this.seen[item] === this.stamp) continue;
        this.seen[item] = this.stamp;
        found.push(item);
      }
    }
    return found;
  }
}
