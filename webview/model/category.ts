/** Families of operators: each has a colour and a shape of its own, so that neither is the only sign. */

export enum Category {
  Matmul,
  Elementwise,
  Reduction,
  Movement,
  Constant,
  Other,
  /** Not compiled: it runs on ONNX Runtime, or nowhere. */
  Hole,
  Terminal,
}

export const categoryNames: readonly string[] = [
  "matrix",
  "element-wise",
  "reduction",
  "movement",
  "once at first run",
  "other",
  "not compiled",
  "input or output",
];

/** First match wins; names are compared in lower case without separators. */
const families: readonly (readonly [Category, RegExp])[] = [
  // Before the matrices: QuantizeLinear and its kin are linear by name only.
  [Category.Elementwise, /^(de|dynamic)?quantize|^qlinear(?!matmul|conv)/],
  [Category.Matmul, /matmul|gemm|conv|attention|einsum|linear|lstm|gru|rnn|mha/],
  [Category.Reduction, /reduce|softmax|norm|pool|argmax|argmin|topk|cumsum|mean$|logsumexp|rowmax|rowsum/],
  [
    Category.Movement,
    /reshape|transpose|permute|concat|split|slice|gather|scatter|pad|expand|broadcast|squeeze|flatten|tile|reorder|pack|identity|copy|depthtospace|spacetodepth|resize|upsample|view|layout/,
  ],
  [Category.Constant, /^const|initializer|fill|range|eyelike|shape$|size$/],
  [
    Category.Elementwise,
    /add|sub|mul|div|neg|abs|relu|gelu|silu|swish|sigmoid|tanh|erf|exp|log|sqrt|pow|min|max|clip|clamp|cast|where|select|equal|greater|less|not|and|or|xor|floor|ceil|round|sign|sin|cos|tan|recip|rsqrt|square|elu|selu|mish|softplus|hard|quant|dropout|mod|bit|isnan|isinf|fma|prelu/,
  ],
];

const byOp = new Map<string, Category>();

/** The family of an op by its name; a node that runs once at the first run is `Constant` whatever it does. */
export function categoryOf(op: string, init: boolean, hole = false): Category {
  if (hole) return Category.Hole;
  if (init) return Category.Constant;
  const known = byOp.get(op);
  if (known !== undefined) return known;
  const name = op.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const category = families.find(([, pattern]) => pattern.test(name))?.[0] ?? Category.Other;
  byOp.set(op, category);
  return category;
}
