/** Operators that take images in any layout: elementwise ones, pools, means over rows and columns, concatenation, padding, (de)quantisation. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { hasTrait, type OpName } from "../../../graph/ops/index.ts";
import { boolAttr, intsAttr } from "../../../graph/ops/op.ts";
import type { PatchBuilder } from "../../../graph/patch.ts";
import { windowOf, type WindowAxis } from "../../../graph/window.ts";
import { dtypeBytes } from "../../../support/dtype.ts";
import { imageShape, lastAxis, lastOrder, product, type Costs, type Form, type FormOf } from "./form.ts";

/** Where it makes no difference, beside the convolutions, whose epilogue it can be. */
const free: Costs = { first: 1, last: 0 };

/** Extents along the four axes of an image, missing ones in front. */
const aligned = (shape: readonly number[]): readonly number[] => [...new Array<number>(4 - shape.length).fill(1), ...shape];

/** How an operand of an elementwise operator is read with channels last; undefined: it cannot be. */
function operandForm(e: GraphEditor, id: ValueId): "image" | "as it is" | "channels" | "constant" | undefined {
  const shape = e.staticShape(id);
  if (shape === undefined || shape.length > 4) return undefined;
  if (product(shape) === 1) return "as it is";
  if (shape.length === 4 && !e.isConstant(id)) return "image";
  if (aligned(shape).every((d, axis) => d === 1 || axis === 1)) return "channels";
  return e.isConstant(id) ? "constant" : undefined;
}

function writeOperand(p: PatchBuilder, e: GraphEditor, id: ValueId, last: (image: ValueId) => ValueId): ValueId {
  const shape = e.staticShape(id)!;
  const reshape = (v: ValueId, to: readonly number[]): ValueId => p.add("reshape", [v], { shape: to, allowZero: true });
  switch (operandForm(e, id)) {
    case "image":
      return last(id);
    case "channels":
      return reshape(id, [product(shape)]);
    case "constant":
      return p.add("transpose", [shape.length === 4 ? id : reshape(id, aligned(shape))], { perm: lastOrder });
    default:
      return shape.length === 0 ? id : reshape(id, []);
  }
}

const elementwise: FormOf = (node, e) => {
  if (node.outputs.length !== 1 || node.inputs.includes(null) || imageShape(e, node.outputs[0]) === undefined) return undefined;
  const inputs = node.inputs as readonly ValueId[];
  const forms = inputs.map((id) => operandForm(e, id));
  if (forms.includes(undefined) || !forms.includes("image")) return undefined;
  return {
    images: inputs.filter((_, i) => forms[i] === "image"),
    costs: free,
    decides: false,
    write: (p, last) =>
      p.add(
        node.op,
        inputs.map((id) => writeOperand(p, e, id, last)),
        node.attrs,
      ),
  };
};

/** The first operand is the image; the others stay as they are. */
const onImage =
  (fits: (node: Node, e: GraphEditor) => boolean, change: (attrs: Node["attrs"]) => Node["attrs"]): FormOf =>
  (node, e) => {
    const [x] = node.inputs;
    if (x == null || imageShape(e, x) === undefined || node.outputs.length !== 1 || e.isConstant(x) || !fits(node, e)) return undefined;
    const write = (p: PatchBuilder, last: (image: ValueId) => ValueId): ValueId =>
      p.add(node.op, [last(x), ...node.inputs.slice(1)], change(node.attrs));
    return { images: [x], costs: free, decides: false, write };
  };

const oneScale = (node: Node, e: GraphEditor): boolean =>
  node.attrs["block"] === undefined && node.inputs.slice(1).every((v) => v === null || product(e.staticShape(v) ?? [0]) === 1);
const quantisation = onImage(oneScale, (attrs) => attrs);

/** Over rows and columns, over the channels of each pixel, or over everything: then the result is no image. */
const reduction = onImage(
  (node) => {
    const [axes, keepdims] = [node.attrs["axes"], boolAttr(node.attrs, "keepdims")];
    if (node.inputs.length !== 1) return false;
    return keepdims ? ["2,3", "1"].includes(String(axes)) : axes === undefined;
  },
  (attrs) => (attrs["axes"] === undefined ? attrs : { ...attrs, axes: intsAttr(attrs, "axes").map(lastAxis) }),
);

const concat: FormOf = (node, e) => {
  const images = node.inputs as readonly ValueId[];
  if (node.inputs.some((v) => imageShape(e, v) === undefined || e.isConstant(v))) return undefined;
  const write = (p: PatchBuilder, last: (image: ValueId) => ValueId): ValueId =>
    p.add("concat", images.map(last), { ...node.attrs, axis: lastAxis(Number(node.attrs["axis"])) });
  return { images, costs: free, decides: false, write };
};

const pad = onImage(
  (node, e) =>
    Array.isArray(node.attrs["pads"]) &&
    node.attrs["pads"].length === 8 &&
    node.attrs["axes"] === undefined &&
    node.inputs.slice(1).every((v) => v === null || product(e.staticShape(v) ?? [0]) === 1),
  (attrs) => {
    const pads = intsAttr(attrs, "pads");
    return { ...attrs, pads: [...lastOrder.map((a) => pads[a]!), ...lastOrder.map((a) => pads[a + 4]!)] };
  },
);

/** Rows and columns alone are resized: as one list of axes, whatever the model says of the others. */
const resize = onImage(
  (node, e) => {
    const [from, to] = [imageShape(e, node.inputs[0]), imageShape(e, node.outputs[0])];
    return node.inputs.length === 1 && from?.[0] === to?.[0] && from?.[1] === to?.[1] && node.attrs["axes"] === undefined && noAspect(node);
  },
  (attrs) => {
    const along = (name: string): Node["attrs"] => {
      const given = attrs[name] as readonly number[] | undefined;
      return given?.length === 4 ? { [name]: lastOrder.map((a) => given[a]!) } : {};
    };
    const roi = attrs["roi"] as readonly number[] | undefined;
    const corners = roi?.length === 8 ? { roi: [...lastOrder.map((a) => roi[a]!), ...lastOrder.map((a) => roi[a + 4]!)] } : {};
    return { ...attrs, ...along("sizes"), ...along("scales"), ...corners };
  },
);
const noAspect = (node: Node): boolean => node.attrs["aspect"] === undefined || node.attrs["aspect"] === "stretch";

/** Every window has elements inside, so that one outside may be replaced by the nearest one. */
const hasElements = (a: WindowAxis): boolean => a.dilation === 1 && a.begin < a.kernel && (a.output - 1) * a.stride - a.begin < a.input;

const maxPool: FormOf = (node, e) => {
  const [x] = node.inputs;
  const shape = imageShape(e, x);
  if (x == null || shape === undefined || node.outputs.length !== 1 || e.isConstant(x)) return undefined;
  const axes = windowOf(node.attrs, shape.slice(2), intsAttr(node.attrs, "kernel"), boolAttr(node.attrs, "ceil"));
  if (axes.length !== 2 || !axes.every(hasElements) || !["f32", "u8", "i8"].includes(e.value(x).dtype)) return undefined;
  // Padding behind the image, so that windows that are not whole count.
  const ends = axes.map((a) => Math.max(0, (a.output - 1) * a.stride + a.kernel - a.begin - a.input));
  const attrs = {
    kernel: axes.map((a) => a.kernel),
    strides: axes.map((a) => a.stride),
    pads: [...axes.map((a) => a.begin), ...ends],
  };
  const bytes = dtypeBytes(e.value(x).dtype, product(shape));
  return {
    images: [x],
    costs: { first: 2 * bytes, last: 0 },
    decides: true,
    write: (p, last) => p.add("max-pool-last", [last(x)], attrs),
  };
};

const forms: Partial<Record<OpName, FormOf>> = {
  "quantize-linear": quantisation,
  "dequantize-linear": quantisation,
  "reduce-mean": reduction,
  "reduce-max": reduction,
  "reduce-min": reduction,
  "reduce-sum": reduction,
  concat,
  pad,
  resize,
  "max-pool": maxPool,
};

export function neutralForm(node: Node, e: GraphEditor): Form | undefined {
  return (forms[node.op] ?? (hasTrait(node.op, "elementwise") ? elementwise : undefined))?.(node, e);
}
