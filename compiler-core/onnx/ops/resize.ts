/** ONNX operators that interpolate: Resize, Upsample, GridSample, AffineGrid. */
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

/** Before opset 11 there are only scales, and coordinates and rounding are those of Upsample. */
function resize(c: BuildCall) {
  if (c.opset < 11) return upsample(c);
  const coordinates = c.text("coordinate_transformation_mode", "half_pixel");
  const attrs = {
    mode: c.text("mode", "nearest"),
    coordinates,
    nearest: c.text("nearest_mode", "round_prefer_floor"),
    cubicA: c.float("cubic_coeff_a", -0.75),
    excludeOutside: c.flag("exclude_outside"),
    antialias: c.flag("antialias"),
    outsideValue: c.float("extrapolation_value", 0),
    aspect: c.text("keep_aspect_ratio_policy", "stretch"),
    axes: c.ints("axes"),
  };
  const roi = coordinates === "tf_crop_and_resize" ? c.optional(1) : null;
  const [scales, sizes] = [given(c, 2), given(c, 3)];
  if (scales === null && sizes === null) return notCompiled("neither scales nor sizes are given");
  const inputs = [c.input(0), roi, scales, sizes];
  while (inputs.at(-1) === null) inputs.pop();
  return c.add("resize", inputs, attrs);
}

/** An operand without elements counts as absent. */
const given = (c: BuildCall, i: number) => (c.has(i) && c.shape(i)?.[0] !== 0 ? c.input(i) : null);

function upsample(c: BuildCall) {
  const mode = c.text("mode", "nearest");
  const attrs = { mode: mode === "bilinear" ? "linear" : mode, coordinates: "asymmetric", nearest: "simple" };
  const scales = c.floats("scales");
  if (scales !== undefined) return c.add("resize", [c.input(0)], { ...attrs, scales });
  const [height, width] = [c.float("height_scale"), c.float("width_scale")];
  if (height !== undefined && width !== undefined) return c.add("resize", [c.input(0)], { ...attrs, scales: [1, 1, height, width] });
  return c.add("resize", [c.input(0), null, c.input(1)], attrs);
}

/** Before opset 20 the modes are called bilinear and bicubic. */
function gridSample(c: BuildCall) {
  const mode = c.text("mode", "linear").replace(/^bi/, "");
  return c.add("grid-sample", [c.input(0), c.input(1)], {
    mode,
    padding: c.text("padding_mode", "zeros"),
    alignCorners: c.flag("align_corners"),
  });
}

export const resizeBuilders: Readonly<Record<string, Builder>> = {
  Resize: resize,
  Upsample: upsample,
  GridSample: gridSample,
  AffineGrid: (c) => c.add("affine-grid", [c.input(0), c.input(1)], { alignCorners: c.flag("align_corners") }),
};
