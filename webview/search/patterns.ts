/** Small languages inside of values: wildcards, shapes, numbers with a comparison. */
import { QueryError, type Value } from "./query.ts";

/** A test of a text. Case never matters. */
export type TextTest = (text: string) => boolean;

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

export function expression({ text, at, length }: Value): RegExp {
  try {
    return new RegExp(text, "i");
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Invalid regular expression: .*: /, "") : String(error);
    throw new QueryError(
      at,
      length,
      `This is not a regular expression (${why}).`,
      `Put the text in quotes to look for it as it is: "${text}".`,
    );
  }
}

/** `*` is any text, `?` one character, `|` separates choices. */
const wildcards = (text: string): string =>
  text
    .split("")
    .map((c) => (c === "*" ? ".*" : c === "?" ? "." : escape(c)))
    .join("");

/** The whole text must be as the value says. `fold` is done to both sides. */
export function whole(value: Value, fold: (text: string) => string = (text) => text.toLowerCase()): TextTest {
  if (value.kind === "regex") {
    const wanted = expression(value);
    return (text) => wanted.test(text);
  }
  const choices = value.kind === "quoted" ? [value.text] : value.text.split("|").filter((choice) => choice !== "");
  const plain = new Set(choices.filter((choice) => value.kind === "quoted" || !/[*?]/.test(choice)).map(fold));
  const open = choices.filter((choice) => value.kind !== "quoted" && /[*?]/.test(choice));
  if (open.length === 0) return (text) => plain.has(fold(text));
  const pattern = new RegExp(`^(?:${open.map((choice) => wildcards(fold(choice))).join("|")})$`);
  return (text) => plain.has(fold(text)) || pattern.test(fold(text));
}

/** The text must hold what the value says somewhere. The text is given in lower case. */
export function within(value: Value): TextTest {
  if (value.kind === "regex") {
    const wanted = expression(value);
    return (text) => wanted.test(text);
  }
  const wanted = value.text.toLowerCase();
  if (value.kind === "quoted" || !/[*|]/.test(wanted)) return (text) => text.includes(wanted);
  // A question mark is itself here: `*` and `|` are rare in names, `?` is not.
  const pattern = new RegExp(
    wanted
      .split("|")
      .filter((choice) => choice !== "")
      .map((choice) => choice.split("*").map(escape).join(".*"))
      .join("|"),
  );
  return (text) => pattern.test(text);
}

/** Remembers answers: most texts come many times. */
export function remembered(test: TextTest): TextTest {
  const known = new Map<string, boolean>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const answer = test(text);
    known.set(text, answer);
    return answer;
  };
}

/** Extents of `32x256`, `[32, 256]`, `Nx128`. Letters of a name are not the sign between extents: that stands beside a digit, `?` or `*`. */
const extents = (shape: string): string[] =>
  shape
    .replaceAll(/[\s[\]()]/g, "")
    .split(/[×,]/.test(shape) ? /[×,]/ : /x(?=[\d?*<>])|(?<=[\d?*])x/i)
    .filter((extent) => extent !== "");

/** `?x128`: `?` is any one extent, `*` any number of them, `>=64` a bound; `scalar` has none. */
export function shapeTest(value: Value): TextTest {
  if (value.kind === "regex") return whole(value);
  const choices = value.text.split("|").map((choice) => (/^scalar$/i.test(choice) ? [] : extents(choice)));
  for (const wanted of choices.flat()) {
    if (!/^(?:\?|\*|\d+|[<>]=?\d+|[A-Za-z_][\w.]*)$/.test(wanted))
      throw new QueryError(
        value.at,
        value.length,
        `“${wanted}” is not an extent.`,
        "Write numbers, names, ? for any one extent, * for any number of them: shape:?x128.",
      );
  }
  return (shape) => {
    if (shape === "?") return false;
    const given = shape === "scalar" || shape === "" ? [] : extents(shape);
    return choices.some((wanted) => fits(wanted, 0, given, 0));
  };
}

function fits(wanted: readonly string[], w: number, given: readonly string[], g: number): boolean {
  if (w === wanted.length) return g === given.length;
  const pattern = wanted[w] as string;
  if (pattern === "*") {
    for (let next = g; next <= given.length; next += 1) if (fits(wanted, w + 1, given, next)) return true;
    return false;
  }
  return g < given.length && extentFits(pattern, given[g] as string) && fits(wanted, w + 1, given, g + 1);
}

function extentFits(pattern: string, extent: string): boolean {
  if (pattern === "?") return true;
  const bound = /^([<>]=?)(\d+)$/.exec(pattern);
  return bound ? compare(Number(extent), bound[1] as Comparison, Number(bound[2])) : pattern.toLowerCase() === extent.toLowerCase();
}

type Comparison = "<" | "<=" | ">" | ">=" | "=";

function compare(a: number, how: Comparison, b: number): boolean {
  if (how === "<") return a < b;
  if (how === "<=") return a <= b;
  if (how === ">") return a > b;
  return how === ">=" ? a >= b : a === b;
}

const units: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/** `>1M`, `<=4Ki`, `100`. Letters after the unit (`B`, `flop`) do not matter. */
export function numberTest(value: Value, field: string): (n: number) => boolean {
  const parts = /^([<>]=?|=)?(\d+(?:\.\d+)?(?:e\d+)?)([kmgt]i?)?(?:b|bytes|flop|flops)?$/i.exec(value.text);
  if (!parts || value.kind !== "word")
    throw new QueryError(
      value.at,
      value.length,
      `“${value.text}” is not a number to compare with.`,
      `Write ${field}:>1M or ${field}:<=4Ki.`,
    );
  const how = (parts[1] ?? "=") as Comparison;
  const bound = Number(parts[2]) * (units[(parts[3] ?? "").toLowerCase()] ?? 1);
  return (n) => Number.isFinite(n) && compare(n, how, bound);
}
