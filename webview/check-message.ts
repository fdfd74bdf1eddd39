/**
 * What the host's messages must look like before the page believes them. The host is ours, but a page that lives on for days gets them late,
 * twice and out of order, and one bad table must not end it.
 */
import { shape, type GraphDelta, type Rows, type ToPage } from "#protocol";

const { isRecord, listOf, members, oneOf, optional, recordOf, text, whole } = shape;

const most = 100_000_000;
const id = whole(0);
const words = text(most);
const flag = oneOf(true, false);
const number: shape.Shape = (value) => typeof value === "number";
const ints: shape.Shape = (value) => value instanceof Int32Array;
const anything = (least: Readonly<Record<string, shape.Shape>>): shape.Shape => listOf(members(least), most);

const options = members({
  isa: words,
  threads: whole(1),
  precision: oneOf("f32", "bf16"),
  dims: recordOf(number, most),
  without: listOf(words, most),
});
const error = members({ code: words, message: words, next: words });
const passes = anything({ index: id, name: words, level: words, why: words });
const group = members({ id, name: words, members: anything({ node: whole(0), anchor: words }), params: isRecord });

const hello = members({
  model: members({ name: words, path: words, bytes: number }),
  options,
  isas: anything({ name: words, missing: listOf(words, most) }),
  maxThreads: whole(1),
  dims: anything({ name: words, value: number, source: words }),
  passes,
  trusted: flag,
  strings: recordOf(words, most),
});

const summary = members({
  model: words,
  isa: words,
  threads: whole(1),
  passes: anything({
    index: id,
    name: words,
    level: words,
    status: words,
    ms: number,
    hits: anything({ rule: words, before: Array.isArray, after: Array.isArray }),
  }),
  sources: anything({ path: words, opType: words, domain: words, name: words }),
  groups: listOf(group, most),
  verdicts: anything({ subject: words, accepted: flag, rule: words, because: words, facts: Array.isArray, nodes: Array.isArray }),
  unsupported: anything({ node: words, opType: words, reason: words }),
  buffers: anything({ id, name: words, scope: words, bytes: number, shape: Array.isArray, groups: Array.isArray, reuses: Array.isArray }),
  kernels: anything({ group: id, name: words, irLines: Array.isArray, cppLines: Array.isArray }),
  arenaBytes: number,
  constantBytes: number,
});

/** Rows of a table with `count` rows: starts that never go back and end where the items do. */
const rowsOf =
  (count: number): shape.Shape =>
  (value) => {
    if (!members({ start: ints, items: ints })(value)) return false;
    const { start, items } = value as Rows;
    return (
      start.length === count + 1 && start[count] === items.length && start.every((at, i) => at >= (i === 0 ? 0 : (start[i - 1] as number)))
    );
  };

const column =
  (count: number, type: typeof Int32Array | typeof Uint8Array | typeof Float64Array): shape.Shape =>
  (value) =>
    value instanceof type && value.length === count;

/** Two columns of the same table are of the same length, and a stage is a difference to one before it. */
const delta: shape.Shape = (value) => {
  const lists = { stage: id, base: whole(-1), removedNodes: ints, removedValues: ints, inputs: ints, outputs: ints };
  const tables = { nodes: members({ id: ints }), values: members({ id: ints }), strings: listOf(words, most) };
  if (!members({ ...lists, ...tables, order: optional(ints), groups: optional(listOf(group, most)) })(value)) return false;
  const { stage, base, nodes, values } = value as GraphDelta;
  const [n, v] = [nodes.id.length, values.id.length];
  const [nodeText, valueText] = [column(n, Int32Array), column(v, Int32Array)];
  const ofNodes = { op: nodeText, name: nodeText, attrs: nodeText, inputs: rowsOf(n), outputs: rowsOf(n), origin: rowsOf(n) };
  const ofValues = { name: valueText, dtype: valueText, shape: valueText, shapeSource: valueText, layout: valueText };
  return (
    base < stage &&
    members({ ...ofNodes, init: column(n, Uint8Array), flops: column(n, Float64Array), bytes: column(n, Float64Array) })(nodes) &&
    members({ ...ofValues, constant: column(v, Uint8Array), bytes: column(v, Float64Array) })(values)
  );
};

const messages: { readonly [T in ToPage["type"]]: shape.Shape } = {
  hello: members({ hello }),
  generation: members({ generation: id, options }),
  stage: members({ generation: id, delta }),
  summary: members({ generation: id, summary }),
  failed: members({ generation: id, error }),
  progress: members({ id, text: words, done: (value) => value === null || typeof value === "number" }),
  reply: members({ id }),
  error: members({ id, error }),
  command: members({ command: members({ name: words }) }),
  trust: members({ trusted: flag }),
  compare: members({ compare: members({ id, kind: oneOf("options", "model"), title: words, ownTitle: words, options }) }),
  "compare-stage": members({ id, delta }),
  "compare-summary": members({ id, summary }),
  "compare-failed": members({ id, error }),
  "compare-end": members({ id }),
};

export const isToPage = (message: unknown): message is ToPage => {
  if (!isRecord(message)) return false;
  const type = message["type"];
  return typeof type === "string" && Object.hasOwn(messages, type) && messages[type as ToPage["type"]](message);
};
