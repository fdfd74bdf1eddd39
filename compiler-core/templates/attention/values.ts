/** Values that live inside a nest while a block of rows is at work: whole rows in scratch, one number per row in a register, all else in memory. */
import { bug } from "../../messages.ts";
import { elements, valueOf, type Node, type ValueId } from "../../graph/ir.ts";
import * as x from "../../tensor/build.ts";
import type { BufferId, Expr } from "../../tensor/ir.ts";
import { plus, times, unlinear } from "../module-builder.ts";
import type { TemplateCall } from "../template.ts";
import { broadcastIndex } from "../views.ts";
import { leadOf, throughViews, type NestShape } from "./shape.ts";

/** Where the nest is: the batch index of the products, and the first row of the block. */
export interface BlockPlace {
  readonly batch: readonly Expr[];
  /** Number of the batch, counted row-major. */
  readonly flat: Expr;
  readonly row: Expr;
  readonly rows: Expr;
  /** The largest number of rows of a block. */
  readonly most: number;
}

/** A value made inside the nest: by row of the block and column, or one per row. */
export type Local = { readonly kind: "full"; readonly at: (row: Expr, col: Expr) => Expr } | { readonly kind: "row"; readonly value: Expr };

export class RowValues {
  readonly #locals = new Map<ValueId, Local>();

  constructor(
    private readonly call: TemplateCall,
    private readonly nest: NestShape,
    private readonly place: BlockPlace,
  ) {}

  set(value: ValueId, local: Local): void {
    this.#locals.set(value, local);
  }

  get(value: ValueId): Local | undefined {
    return this.#locals.get(throughViews(this.nest.views, value));
  }

  /** A value that has a row of its own in scratch. */
  inScratch(value: ValueId, buffer: BufferId, oneRow: boolean): void {
    const { dtype } = valueOf(this.call.graph, value);
    this.set(value, { kind: "full", at: (row, col) => x.load(buffer, oneRow ? [col] : [row, col], dtype) });
  }

  /** The index of row `row` of the block, among extents that count the same rows. */
  lead(extents: readonly number[], row: Expr): readonly Expr[] {
    const { s } = this.nest;
    const own = [...s.batch, ...(s.aIsVector ? [] : [s.m])];
    const at = plus(this.place.row, row);
    if (extents.join("x") === own.join("x")) return [...this.place.batch, ...(s.aIsVector ? [] : [at])];
    if (elements(extents) !== elements(own)) return bug(`rows of ${extents.join("x")} in a nest over ${own.join("x")}`);
    return unlinear(plus(times(this.place.flat, s.m), at), extents);
  }

  /** What member `node` reads at column `col` of row `row`. */
  read(node: Node, value: ValueId, row: Expr, col: Expr): Expr {
    const local = this.get(value);
    if (local !== undefined) return local.kind === "row" ? local.value : local.at(row, this.narrow(value) ? x.index(0) : col);
    const { storage, graph } = this.call;
    const literal = storage.literal(value);
    if (literal !== undefined) return literal;
    const shape = storage.shape(value);
    return storage.readAt(value, { index: broadcastIndex([...this.lead(leadOf(graph, node), row), col], shape) });
  }

  private narrow(value: ValueId): boolean {
    return this.call.storage.shape(value).at(-1) === 1;
  }
}
