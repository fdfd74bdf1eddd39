/** DeformConv: every tap of the kernel reads the image where an offset, which is data, puts it; then it is a product with the kernel. */
import type { ValueId } from "../../graph/ir.ts";
import { windowOf } from "../../graph/window.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";
import { windowAttributes } from "./conv.ts";

/** Extents behind the batch, which must be known. */
function numbersOf(c: BuildCall, operand: number, rank: number): readonly number[] {
  const shape = c.shape(operand);
  if (shape?.length !== rank) return notCompiled("only images of two axes are supported");
  return shape.slice(1).map((d) => (typeof d === "number" ? d : notCompiled("an extent of its operands is not known")));
}

function deformConv(c: BuildCall) {
  const [channels, ...spatial] = numbersOf(c, 0, 4) as [number, number, number];
  const [, ...kernel] = numbersOf(c, 1, 4) as [number, number, number];
  const [offsets] = numbersOf(c, 2, 4) as [number];
  const outputs = c.shape(1)?.[0];
  if (typeof outputs !== "number") return notCompiled("the extents of its kernel are not known");
  const [groups, parts, taps] = [c.int("group", 1), c.int("offset_group", 1), kernel[0]! * kernel[1]!];
  const fits = offsets === parts * taps * 2 && channels % parts === 0 && channels % groups === 0 && outputs % groups === 0;
  if (!fits) notCompiled("its offsets or groups do not fit its kernel");
  const axes = windowOf(windowAttributes(c), spatial, kernel);
  const [height, width] = [axes[0]!.output, axes[1]!.output];
  const reshape = (x: ValueId, ...shape: number[]): ValueId => c.add("reshape", [x], { shape: [-1, ...shape], allowZero: true });

  // Where each tap is without offsets: taps x (row, column) x outputs.
  const base = Array.from({ length: taps }, (_, tap) => [Math.floor(tap / kernel[1]!), tap % kernel[1]!]).flatMap((tap) =>
    axes.flatMap((a, axis) =>
      Array.from({ length: height * width }, (_, i) => {
        const at = axis === 0 ? Math.floor(i / width) : i % width;
        return at * a.stride + tap[axis]! * a.dilation - a.begin;
      }),
    ),
  );
  const places = c.add("add", [reshape(c.input(2), taps, 2, height, width), c.constant(c.dtype(2), [taps, 2, height, width], base)]);
  // The grid names the column first, behind all other axes.
  const swapped = c.add("gather", [places, c.constant("i64", [2], [1n, 0n])], { axis: 2 });
  const grid = reshape(c.add("transpose", [swapped], { perm: [0, 1, 3, 4, 2] }), taps * height, width, 2);
  const image = reshape(c.input(0), channels / parts, ...spatial);
  const sampled = c.add("grid-sample", [image, grid], { mode: "linear", padding: "zeros", alignCorners: true, pixels: true });
  const weighted = c.has(4) ? c.add("mul", [sampled, reshape(c.input(4), 1, taps * height, width)]) : sampled;
  const columns = reshape(weighted, groups, (channels / groups) * taps, height * width);
  const matrix = c.add("reshape", [c.input(1)], { shape: [groups, outputs / groups, (channels / groups) * taps], allowZero: true });
  const y = reshape(c.add("matmul", [matrix, columns]), outputs, height, width);
  return c.has(3) ? c.add("add", [y, c.add("reshape", [c.input(3)], { shape: [outputs, 1, 1], allowZero: true })]) : y;
}

export const deformConvBuilders: Readonly<Record<string, Builder>> = { DeformConv: deformConv };
