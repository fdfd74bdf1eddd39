/** What an operator on images says about layouts: what it costs with channels first and with channels last, and how it is written with channels last. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { PatchBuilder } from "../../../graph/patch.ts";

/** Axes of an image [batch, channels, rows, columns] in the order that has the channels last, and back. */
export const lastOrder = [0, 2, 3, 1] as const;
export const firstOrder = [0, 3, 1, 2] as const;
/** Where an axis of an image with channels first lies with channels last. */
export const lastAxis = (axis: number): number => (lastOrder as readonly number[]).indexOf(axis);

export interface Costs {
  /** Bytes moved, work that is wasted on lanes without elements counted as the bytes that a core moves in that time. */
  readonly first: number;
  readonly last: number;
}

export interface Form {
  /** Operands that change their layout with the operator. */
  readonly images: readonly ValueId[];
  readonly costs: Costs;
  /** Is this an operator that gains something by a layout? It gets a verdict. */
  readonly decides: boolean;
  /** Writes the operator; `last` gives an image with channels last. The result has its channels last and four axes. */
  readonly write: (p: PatchBuilder, last: (image: ValueId) => ValueId) => ValueId;
}

/** Undefined: the operator stays as it is. */
export type FormOf = (node: Node, e: GraphEditor) => Form | undefined;

export const product = (numbers: readonly number[]): number => numbers.reduce((a, d) => a * d, 1);

/** An image as it is described by its extents with channels first. */
export const imageShape = (e: GraphEditor, v: ValueId | null | undefined): readonly [number, number, number, number] | undefined => {
  const shape = v == null ? undefined : e.staticShape(v);
  return shape?.length === 4 && !shape.includes(0) ? (shape as readonly [number, number, number, number]) : undefined;
};
