/** What can be asked for: one row a field. The help shows this table. */
import { kindOf } from "../model/change.ts";
import type { NodeRow } from "../model/trace.ts";
import { numberTest, remembered, shapeTest, whole, within } from "./patterns.ts";
import { QueryError, type Test, type Value } from "./query.ts";
import { foldOp, someValue, type Space } from "./space.ts";

export interface Field {
  readonly what: string;
  readonly example: string;
  /** @throws QueryError for a value that says nothing here */
  readonly test: (value: Value) => Test;
}

const byRow =
  (test: (row: NodeRow, space: Space) => boolean): Test =>
  (space) =>
  (i) =>
    test(space.rows[i] as NodeRow, space);

export const fields: Readonly<Record<string, Field>> = {
  op: { what: "operator", example: "op:MatMul|Conv", test: opTest },
  name: { what: "part of the name", example: "name:attention", test: nameTest },
  shape: {
    what: "shape of a result: ? is one extent, * any number",
    example: "shape:?x128",
    test: (value) => {
      const fits = remembered(shapeTest(value));
      return byRow((row, space) => someValue(space, row.outputs, ({ shape }) => fits(shape)));
    },
  },
  reads: {
    what: "shape or element type of an operand, weights included",
    example: "reads:784x512",
    test: (value) => {
      const [type, fits] = [whole(value), remembered(shapeTest(value))];
      return byRow((row, space) => someValue(space, row.inputs, ({ shape, dtype }) => type(dtype) || fits(shape)));
    },
  },
  dtype: {
    what: "element type of a result",
    example: "dtype:f16",
    test: (value) => {
      const fits = remembered(whole(value));
      return byRow((row, space) => someValue(space, row.outputs, ({ dtype }) => fits(dtype)));
    },
  },
  layout: {
    what: "layout of a result or operand",
    example: "layout:BA*",
    test: (value) => {
      const fits = remembered(whole(value));
      return byRow((row, space) => [row.outputs, row.inputs].some((ids) => someValue(space, ids, ({ layout }) => fits(layout || "plain"))));
    },
  },
  group: { what: "fusion group: its number, part of its name or template; none", example: "group:12", test: groupTest },
  attr: { what: "attribute, with its value or without", example: "attr:axis=-1", test: attributeTest },
  from: { what: "ONNX node it comes from: operator, #index or name", example: "from:Gemm", test: sourceTest },
  flops: {
    what: "operations, more or fewer than",
    example: "flops:>1M",
    test: (value) => {
      const fits = numberTest(value, "flops");
      return byRow(({ flops }) => fits(flops));
    },
  },
  bytes: {
    what: "bytes read and written",
    example: "bytes:>64Ki",
    test: (value) => {
      const fits = numberTest(value, "bytes");
      return byRow(({ bytes }) => fits(bytes));
    },
  },
  is: { what: "added, changed or moved by the pass shown; hole, fused, alone, init", example: "is:changed", test: stateTest },
};

/** A word on its own: in the name, the operator, or as number, shape or element type. */
export function textTest(value: Value): Test {
  const number = value.kind === "word" && /^#\d+$/.test(value.text) ? Number(value.text.slice(1)) : undefined;
  if (number !== undefined) return byRow(({ id }) => id === number);
  const fits = within(value);
  if (value.kind === "regex")
    return byRow(
      (row, space) => fits(`${row.op} ${row.name}`) || someValue(space, row.outputs, ({ shape, dtype }) => fits(`${shape} ${dtype}`)),
    );
  const [op, word] = [foldOp(value.text), value.text.toLowerCase().replaceAll("×", "x")];
  return (space) => (i) =>
    fits(space.names[i] as string) ||
    (op !== "" && (space.ops[i] as string).includes(op)) ||
    someValue(space, (space.rows[i] as NodeRow).outputs, ({ shape, dtype }) => dtype === word || shape === word);
}

/** In a chain a word is an operator. */
export function opTest(value: Value): Test {
  const fits = remembered(whole(value, foldOp));
  return (space) => (i) => fits(space.ops[i] as string);
}

function nameTest(value: Value): Test {
  const fits = within(value);
  return (space) => (i) => fits(space.names[i] as string);
}

function groupTest(value: Value): Test {
  if (value.kind === "word" && value.text.toLowerCase() === "none") return byRow(({ id }, space) => space.groupOf(id) === undefined);
  const fits = within(value);
  return byRow(({ id }, space) => {
    const group = space.groupOf(id);
    if (!group) return false;
    return /^\d+$/.test(value.text) ? group.id === Number(value.text) : fits(`${group.template} ${group.name}`.toLowerCase());
  });
}

function attributeTest(value: Value): Test {
  const [, name = "", wanted] = /^([^=]*)(?:=(.*))?$/s.exec(value.text) ?? [];
  if (name === "")
    throw new QueryError(value.at, value.length, "attr: needs the name of an attribute.", "Write attr:axis or attr:axis=-1.");
  const named = whole({ ...value, kind: value.kind === "regex" ? "word" : value.kind, text: name });
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[\s"[\]]/g, "");
  const valued = wanted === undefined ? undefined : whole({ ...value, text: wanted }, value.kind === "regex" ? undefined : plain);
  const fits = remembered((attrs) => attributePairs(attrs).some(([key, text]) => named(key) && (valued?.(text) ?? true)));
  return byRow(({ attrs }) => fits(attrs));
}

function attributePairs(attrs: string): readonly (readonly [string, string])[] {
  try {
    const parsed: unknown = JSON.parse(attrs);
    if (typeof parsed !== "object" || parsed === null) return [];
    return Object.entries(parsed).map(([name, value]) => [name, typeof value === "string" ? value : (JSON.stringify(value) ?? "")]);
  } catch {
    return [];
  }
}

function sourceTest(value: Value): Test {
  const [op, name] = [whole(value, foldOp), within(value)];
  return (space) => {
    const wanted = new Set(
      space.sources.flatMap((source, i) => (op(source.opType) || source.path === value.text || name(source.name.toLowerCase()) ? [i] : [])),
    );
    return (i) => (space.rows[i] as NodeRow).origin.some((source) => wanted.has(source));
  };
}

const states: Readonly<Record<string, (row: NodeRow, space: Space) => boolean>> = {
  added: ({ id }, { change }) => kindOf(change, id) === "added",
  changed: ({ id }, { change }) => kindOf(change, id) === "changed",
  moved: ({ id }, { change }) => kindOf(change, id) === "moved",
  hole: ({ hole }) => hole !== undefined,
  fused: ({ id }, { groupOf }) => (groupOf(id)?.members.length ?? 0) > 1,
  alone: ({ id }, { groupOf }) => groupOf(id)?.members.length === 1,
  init: ({ init }) => init,
};

function stateTest(value: Value): Test {
  const test = states[value.text.toLowerCase()];
  if (!test)
    throw new QueryError(value.at, value.length, `There is no “is:${value.text}”.`, `Write one of: ${Object.keys(states).join(", ")}.`);
  return byRow(test);
}
