/** Reads the text form of the Graph IR (see print.ts) back into exactly the graph that was printed. */
import { dtypes, type DType } from "../support/dtype.ts";
import { userError } from "../messages.ts";
import { BodyStore, fixedBody, type Body } from "./bodies.ts";
import { ConstantStore } from "./constants.ts";
import type { Attrs, AttrValue, Dim, Graph, Group, Node, SourceNode, Value, ValueId } from "./ir.ts";
import { parseLayout } from "./layout.ts";
import { encode, fromValues, isBig, type Scalar } from "./ndarray.ts";
import { isOpName } from "./ops/index.ts";
import { defaultSource } from "./print.ts";
import { TextCursor } from "./text-cursor.ts";

/** What has been read so far. */
interface Draft {
  name: string;
  nextNode: number;
  valueCount: number;
  readonly nodes: Node[];
  readonly values: (Value | undefined)[];
  readonly inputs: ValueId[];
  readonly outputs: ValueId[];
  readonly sources: SourceNode[];
  readonly groups: Group[];
  /** A body whose graph comes next. */
  body: BodyHead | undefined;
  readonly data: Map<number, { readonly value: Value; readonly elements: readonly Scalar[] | undefined }>;
}

/**
 * Parses a graph. Constants that the text does not spell out come from `constants` by their number; without a store their bytes cannot be
 * read. Throws `ir-text` with the line.
 */
export function parseGraph(text: string, constants?: ConstantStore): Graph {
  const data: Draft["data"] = new Map();
  const main = emptyDraft(data);
  const open: Draft[] = [];
  let begun = false;
  const bodies: { readonly head: BodyHead; readonly draft: Draft }[] = [];
  text.split("\n").forEach((raw, i) => {
    const cursor = new TextCursor(raw.replace(/\r$/, ""), i + 1);
    if (cursor.atEnd() || cursor.peek("//")) return;
    const draft = open.at(-1);
    if (cursor.take("}")) open.pop();
    else if (draft === undefined) {
      begun = true;
      open.push(header(cursor, main));
    } else if (draft.body !== undefined) {
      const inner = emptyDraft(data);
      bodies.push({ head: draft.body, draft: inner });
      draft.body = undefined;
      open.push(header(cursor, inner));
    } else statement(cursor, draft);
    if (!cursor.atEnd()) cursor.fail("unexpected text");
  });
  if (!begun) userError("ir-text", {}, { line: 1, what: "there is no graph" });
  const store = constants ?? storeOf(main);
  const shared = bodies.length === 0 ? undefined : new BodyStore();
  for (const { head, draft } of [...bodies].sort((a, b) => a.head.id - b.head.id)) {
    while (shared!.size < head.id) shared!.add(missingBody);
    shared!.add(fixedBody({ ...head, graph: graphOf(draft, store, shared) }));
  }
  return graphOf(main, store, shared);
}

interface BodyHead {
  readonly id: number;
  readonly attribute: string;
  readonly source: number;
  readonly formals: number;
  readonly captures: readonly number[];
}

const emptyDraft = (data: Draft["data"]): Draft => ({
  name: "",
  nextNode: 0,
  valueCount: 0,
  nodes: [],
  values: [],
  inputs: [],
  outputs: [],
  sources: [],
  groups: [],
  body: undefined,
  data,
});

function graphOf(draft: Draft, constants: ConstantStore, bodies: BodyStore | undefined): Graph {
  const nextNode = Math.max(draft.nextNode, ...draft.nodes.map((n) => n.id + 1), 0);
  while (draft.values.length < draft.valueCount) draft.values.push(undefined);
  const values = Array.from(draft.values, (v) => v);
  const { name, nodes, inputs, outputs, sources, groups } = draft;
  return { name, nodes, values, inputs, outputs, nextNode, constants, sources, ...(bodies === undefined ? {} : { bodies }), groups };
}

/** A body that no node of the text names. */
const missingBody: Body = fixedBody({
  attribute: "",
  source: 0,
  formals: 0,
  captures: [],
  graph: graphOf(emptyDraft(new Map()), new ConstantStore(), undefined),
});

function header(c: TextCursor, draft: Draft): Draft {
  c.expect("graph");
  draft.name = c.string();
  if (c.take("nodes")) draft.nextNode = c.integer();
  if (c.take("values")) draft.valueCount = c.integer();
  c.expect("{");
  return draft;
}

function statement(c: TextCursor, draft: Draft): void {
  for (const [keyword, read] of Object.entries(statements)) if (c.take(`${keyword} `)) return read(c, draft);
  node(c, draft);
}

const statements: Readonly<Record<string, (c: TextCursor, draft: Draft) => void>> = {
  input: (c, d) => void d.inputs.push(define(d, value(c, true)).id),
  value: (c, d) => void define(d, value(c, false)),
  const: constant,
  return: (c, d) => {
    do if (c.peek("%")) d.outputs.push(valueId(c));
    while (c.take(","));
  },
  source: (c, d) => {
    d.sources[c.integer()] = {
      path: c.string(),
      opType: c.string(),
      domain: c.string(),
      name: c.string(),
      outputs: (c.expect("->"), c.list("[", "]", () => c.string())),
    };
  },
  body: (c, d) => {
    const [id, attribute] = [c.integer(), c.string()];
    c.expect("of");
    const source = c.integer();
    c.expect("formals");
    const formals = c.integer();
    c.expect("captures");
    d.body = { id, attribute, source, formals, captures: c.list("[", "]", () => c.integer()) };
  },
  group: (c, d) => {
    const [id, name, template] = [c.integer(), c.string(), c.string()];
    c.expect("leader #");
    const leader = c.integer();
    const phase = c.word() === "init" ? "init" : "run";
    const params = c.peek("{") ? Object.fromEntries(c.list("{", "}", () => param(c))) : {};
    d.groups.push({ id, name, template, members: [], leader, phase, params });
  },
  member: (c, d) => {
    const group = d.groups.at(-1) ?? c.fail("a member outside of a group");
    c.expect("#");
    (group.members as { node: number; anchor: string }[]).push({ node: c.integer(), anchor: c.string() });
  },
};

function param(c: TextCursor): readonly [string, number | string] {
  const key = c.word();
  c.expect("=");
  return [key, c.isString() ? c.string() : Number(c.number())];
}

function define(draft: Draft, v: Value): Value {
  draft.values[v.id] = v;
  return v;
}

function valueId(c: TextCursor): ValueId {
  c.expect("%");
  return c.integer();
}

/** `given`: an input or a constant, whose shape is declared unless the text says otherwise. */
function value(c: TextCursor, given: boolean): Value {
  const id = valueId(c);
  const name = c.isString() ? c.string() : "";
  c.expect(":");
  const dtype = c.match(/[a-z]\w*/) ?? c.fail("expected an element type");
  if (!(dtypes as readonly string[]).includes(dtype)) c.fail(`${dtype} is not an element type`);
  const shape = c.take("[*]") ? undefined : c.list("[", "]", () => extent(c));
  const layout = c.take("@") ? (parseLayout(c.match(/\w+/) ?? "") ?? c.fail("not a layout")) : "plain";
  const source = c.match(/(?:declared|inferred|set|unknown)\b/) as Value["shapeSource"] | undefined;
  const shapeSource = source ?? defaultSource(shape, given);
  return { id, name, dtype: dtype as DType, shape, shapeSource, layout };
}

function extent(c: TextCursor): Dim {
  if (c.isString()) return c.string();
  const number = c.match(/\d+/);
  return number === undefined ? (c.match(/[A-Za-z_][\w.]*/) ?? c.fail("expected an extent")) : Number(number);
}

function constant(c: TextCursor, draft: Draft): void {
  const v = value(c, true);
  c.expect("=");
  const id = Number((c.match(/c\d+/) ?? c.fail("expected a constant")).slice(1));
  const element = (): Scalar => (isBig(v.dtype) ? BigInt(c.match(/-?\d+/) ?? c.fail("expected a whole number")) : c.number());
  const elements = c.peek("{") ? c.list("{", "}", element) : undefined;
  const full: Value = define(draft, { ...v, constant: id });
  if (elements !== undefined && v.shape?.reduce<number>((a, d) => a * Number(d), 1) !== elements.length)
    c.fail("the number of elements does not fit the shape");
  if (draft.data.get(id)?.elements === undefined) draft.data.set(id, { value: full, elements });
}

function node(c: TextCursor, draft: Draft): void {
  const outputs: ValueId[] = [];
  while (c.peek("%")) {
    outputs.push(define(draft, value(c, false)).id);
    if (!c.take(",")) break;
  }
  c.expect("=");
  const op = c.word();
  if (!isOpName(op)) c.fail(`there is no operator ${op}`);
  const inputs = c.list("(", ")", () => (c.take("_") ? null : valueId(c)));
  const attrs: Attrs = c.peek("{") ? Object.fromEntries(c.list("{", "}", () => attribute(c))) : {};
  c.expect("#");
  const id = c.integer();
  const name = c.isString() ? c.string() : "";
  c.expect("from");
  const origin = c.list("[", "]", () => c.integer());
  draft.nodes.push({ id, op, name, inputs, outputs, attrs, origin, phase: c.take("init") ? "init" : "run" });
}

function attribute(c: TextCursor): readonly [string, AttrValue] {
  const key = c.word();
  c.expect("=");
  return [key, attrValue(c)];
}

function attrValue(c: TextCursor): AttrValue {
  if (c.isString()) return c.string();
  if (c.peek("[")) return c.list("[", "]", () => attrValue(c));
  return c.take("true") ? true : c.take("false") ? false : c.number();
}

/** A store with the constants that the text spells out; the others can be named but not read. */
function storeOf(draft: Draft): ConstantStore {
  const store = new ConstantStore();
  const size = Math.max(-1, ...draft.data.keys()) + 1;
  for (let id = 0; id < size; id++) {
    const known = draft.data.get(id);
    const shape = (known?.value.shape ?? []) as readonly number[];
    const dtype = known?.value.dtype ?? "u8";
    if (known?.elements === undefined)
      store.addLazy(dtype, shape, () => userError("ir-text", {}, { line: 0, what: `it does not contain the data of constant c${id}` }));
    else store.add(dtype, shape, encode(fromValues(dtype, shape, known.elements)));
  }
  return store;
}
