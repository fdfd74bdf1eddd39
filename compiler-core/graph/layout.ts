/** Memory layouts of values: text form, physical extents. */
import type { BlockedLayout, Layout } from "./ir.ts";

/**
 * Axis letters: upper case for outer loops, lower case with its size for inner blocks. K x N in panels of 32 columns: `BA32b`
 * (axes are A, B, ... in logical order).
 */
export function layoutText(layout: Layout): string {
  if (layout === "plain") return "plain";
  const letter = (axis: number): string => String.fromCharCode(65 + axis);
  return layout.outer.map(letter).join("") + layout.inner.map((b) => `${b.size}${letter(b.axis).toLowerCase()}`).join("");
}

/** The layout that `layoutText` printed. Undefined for text that is not one. */
export function parseLayout(text: string): Layout | undefined {
  if (text === "plain") return "plain";
  const m = /^([A-Z]+)((?:\d+[a-z])*)$/.exec(text);
  if (m === null) return undefined;
  const outer = [...(m[1] ?? "")].map((c) => c.charCodeAt(0) - 65);
  const inner = [...(m[2] ?? "").matchAll(/(\d+)([a-z])/g)].map((b) => ({ axis: (b[2] ?? "a").charCodeAt(0) - 97, size: Number(b[1]) }));
  return { outer, inner };
}

/** Physical row-major extents of a logical shape: outer block counts, then inner blocks, padded up to whole blocks. */
export function physicalShape(shape: readonly number[], layout: Layout): readonly number[] {
  if (layout === "plain") return shape;
  const block = blockSizes(shape.length, layout);
  return [...layout.outer.map((a) => Math.ceil((shape[a] ?? 1) / (block[a] ?? 1))), ...layout.inner.map((b) => b.size)];
}

/** Product of the inner blocks of each axis. */
function blockSizes(rank: number, layout: BlockedLayout): readonly number[] {
  const sizes = new Array<number>(rank).fill(1);
  for (const b of layout.inner) sizes[b.axis] = (sizes[b.axis] ?? 1) * b.size;
  return sizes;
}

/** The last two axes as column panels of `width`: how the f32 GEMM wants its right operand. Leading axes are a batch. */
export function columnPanels(rank: number, width: number): BlockedLayout {
  const batch = Array.from({ length: rank - 2 }, (_, i) => i);
  return { outer: [...batch, rank - 1, rank - 2], inner: [{ axis: rank - 1, size: width }] };
}
