/** A stretch or a window of a constant's values. Nothing else of it is read. */
import type { DType, Graph } from "#core";
import type { TensorArg, TensorPage, TensorWindow } from "#protocol";
import { constantOf, openConstant, type ElementReader } from "./tensor-page-reader.ts";

/** Values in one page at most: 64 KiB as f64. */
const pageLength = 8192;

/** @throws tensor-not-constant for values that exist at run time only, file-unreadable */
export function tensorPage(graph: Graph, { value, start, count, window }: TensorArg): TensorPage {
  const reader = openConstant(constantOf(graph, value).constant);
  try {
    const { dtype, shape, length } = reader;
    const rectangle = window === undefined ? undefined : clipped(window, shape);
    const from = Math.max(0, Math.trunc(start));
    const stretches =
      rectangle === undefined
        ? [{ from, to: Math.max(from, Math.min(length, from + Math.min(pageLength, Math.max(0, Math.trunc(count))))) }]
        : stretchesOf(rectangle, shape);
    const size = rectangle === undefined ? {} : { rows: rectangle.rows, columns: rectangle.columns };
    return { dtype, shape, ...size, ...(textTypes[dtype] ?? numbers)(reader, stretches) };
  } finally {
    reader.close();
  }
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

type Part = Pick<TensorPage, "values" | "texts">;

/** What of a window there is: positions inside of the shape, and no more values than a page has. Undefined when the axes are not two of the shape's. */
function clipped(window: TensorWindow, shape: readonly number[]): TensorWindow | undefined {
  const { rowAxis, columnAxis } = window;
  if (rowAxis === columnAxis || shape[rowAxis] === undefined || shape[columnAxis] === undefined) return undefined;
  const at = shape.map((extent, axis) => Math.max(0, Math.min(extent - 1, Math.trunc(window.at[axis] ?? 0) || 0)));
  const empty = shape.includes(0);
  const left = (axis: number): number => (shape[axis] ?? 0) - (at[axis] ?? 0);
  const columns = empty ? 0 : Math.max(0, Math.min(left(columnAxis), Math.trunc(window.columns), pageLength));
  const rows = empty ? 0 : Math.max(0, Math.min(left(rowAxis), Math.trunc(window.rows), Math.floor(pageLength / Math.max(1, columns))));
  return { at, rowAxis, columnAxis, rows, columns };
}

/** Positions of a window's elements: whole rows where they lie together, else one by one. */
function stretchesOf({ at, rowAxis, columnAxis, rows, columns }: TensorWindow, shape: readonly number[]): Stretch[] {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((all, extent) => all * extent, 1));
  const first = at.reduce((sum, position, axis) => sum + position * (steps[axis] ?? 0), 0);
  const [down, along] = [steps[rowAxis] ?? 0, steps[columnAxis] ?? 0];
  return Array.from({ length: rows }, (_, row) => first + row * down).flatMap((from) =>
    along === 1
      ? [{ from, to: from + columns }]
      : Array.from({ length: columns }, (_, column) => ({ from: from + column * along, to: from + column * along + 1 })),
  );
}

/** Element types that are not numbers, and how their elements are read. */
const textTypes: Partial<Record<DType, (reader: ElementReader, stretches: readonly Stretch[]) => Part>> = {
  string: (reader, stretches) => {
    const all = reader.strings();
    return onlyTexts(stretches.flatMap(({ from, to }) => all.slice(from, to).map((text) => JSON.stringify(text))));
  },
  c64: (reader, stretches) => onlyTexts(stretches.flatMap((stretch) => complexTexts(reader, stretch, 4))),
  c128: (reader, stretches) => onlyTexts(stretches.flatMap((stretch) => complexTexts(reader, stretch, 8))),
};

const onlyTexts = (texts: readonly string[]): Part => ({ values: Float64Array.from(texts, () => NaN), texts });

/** @param half bytes of the real and of the imaginary part */
function complexTexts(reader: ElementReader, { from, to }: Stretch, half: 4 | 8): string[] {
  const bytes = reader.bytes(from, to);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (i: number): number => (half === 4 ? view.getFloat32(i * half, true) : view.getFloat64(i * half, true));
  const text = (v: number): string => String(half === 4 ? Number(v.toPrecision(7)) : v);
  return Array.from({ length: to - from }, (_, i) => {
    const [re, im] = [at(2 * i), at(2 * i + 1)];
    return `${text(re)}${im < 0 || Object.is(im, -0) ? "-" : "+"}${text(Math.abs(im))}i`;
  });
}

function numbers(reader: ElementReader, stretches: readonly Stretch[]): Part {
  const { dtype } = reader;
  const part = stretches.flatMap(({ from, to }) => [...reader.elements(from, to)]);
  const texts = dtype === "bool" ? part.map((v) => String(Boolean(v))) : dtype === "i64" || dtype === "u64" ? part.map(String) : undefined;
  return { values: Float64Array.from(part, Number), ...(texts === undefined ? {} : { texts }) };
}
