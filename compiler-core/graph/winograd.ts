/** The matrices of F(2x2, 3x3) (A. Lavin, S. Gray, arXiv 1509.09308): elements of the result are A' (G w G' * B' d B) A of a tile d of 4 x 4 pixels. */

/** B': a pixel of the transformed image from four of the image, along one axis. */
const image: readonly (readonly number[])[] = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
/** G: of three taps. */
const kernel: readonly (readonly number[])[] = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
/** A': two elements of four sums. */
const result: readonly (readonly number[])[] = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

const outer = (m: readonly (readonly number[])[]): number[][] =>
  m.flatMap((rows) => m.map((columns) => rows.flatMap((a) => columns.map((b) => a * b))));

/** The same over both axes, as matrices on rows-major squares: [16, 16], [16, 9] and [4, 16]. */
export const winogradImage: readonly (readonly number[])[] = outer(image);
export const winogradKernel: readonly (readonly number[])[] = outer(kernel);
export const winogradResult: readonly (readonly number[])[] = outer(result);

/** A matrix by a vector given by its elements. */
export const transformed = (m: readonly (readonly number[])[], at: (i: number) => number): number[] =>
  m.map((row) => row.reduce((sum, factor, i) => (factor === 0 ? sum : sum + factor * at(i)), 0));
