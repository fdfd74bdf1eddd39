/**
 * The language of the search field:
 *
 *     query  = chain
 *     chain  = part { ("->" | "->>") part }          who feeds whom: directly, or over any distance
 *     part   = step | "(" chain { "," chain } ")"    branches: of what comes before, into what comes after
 *     step   = "*" | term { term }                   all terms hold for one node
 *     term   = [ "-" | "not:" ] [ field ":" ] value
 *     value  = word | "text" | /expression/
 *
 * One step alone looks for nodes, and its bare words for text. In a chain, a bare word is an operator.
 */
import { fields, opTest, textTest } from "./fields.ts";
import { QueryError, type PatternEdge, type Query, type Step, type Test, type Value } from "./query.ts";

interface Term {
  readonly negative: boolean;
  readonly field: string | undefined;
  readonly value: Value;
}

interface TermToken {
  readonly kind: "term";
  readonly at: number;
  readonly length: number;
  readonly term: Term;
}

type Token = TermToken | { readonly kind: "->" | "->>" | "(" | ")" | "," | "end"; readonly at: number; readonly length: number };

/** @throws QueryError */
export function parse(text: string): Query {
  return new Parser(tokens(text)).query();
}

// --- tokens

function tokens(text: string): Token[] {
  const made: Token[] = [];
  let [at, depth] = [0, 0];
  while (at < text.length) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest)?.[0].length ?? 0;
    if (space > 0) {
      at += space;
      continue;
    }
    const sign = /^(?:->>|->|→|[()])/.exec(rest)?.[0] ?? (depth > 0 && rest.startsWith(",") ? "," : undefined);
    const token: Token = sign === undefined ? termToken(text, at, depth) : { kind: kindOfSign(sign), at, length: sign.length };
    if (token.kind === "(") depth += 1;
    if (token.kind === ")") depth -= 1;
    made.push(token);
    at += token.length;
  }
  return [...made, { kind: "end", at: text.length, length: 0 }];
}

const kindOfSign = (sign: string): "->" | "->>" | "(" | ")" | "," => (sign === "→" ? "->" : (sign as "->" | "->>" | "(" | ")" | ","));

function termToken(text: string, start: number, depth: number): TermToken {
  let at = start;
  const prefix = /^(?:-|not:)/i.exec(text.slice(at))?.[0] ?? "";
  at += prefix.length;
  const field = /^([A-Za-z]+):/.exec(text.slice(at))?.[1];
  if (field !== undefined) {
    if (!Object.hasOwn(fields, field.toLowerCase())) throw unknownField(field, at, text);
    at += field.length + 1;
  }
  const value = valueAt(text, at, depth);
  if (value.text === "" && value.kind === "word") {
    const name = field?.toLowerCase();
    const what = name === undefined ? `“${prefix}” needs something to leave out.` : `${name}: needs a value.`;
    throw new QueryError(
      start,
      Math.max(1, at - start),
      what,
      `Write ${name === undefined ? `${prefix}op:Add` : (fields[name]?.example ?? "")}.`,
    );
  }
  const term = { negative: prefix !== "", field: field?.toLowerCase(), value };
  return { kind: "term", at: start, length: value.at + value.length - start, term };
}

function unknownField(field: string, at: number, text: string): QueryError {
  const near = Object.keys(fields).find((name) => name.startsWith(field.slice(0, 2).toLowerCase()));
  const word = /^\S*/.exec(text.slice(at))?.[0] ?? field;
  const instead = near === undefined ? `Fields are ${Object.keys(fields).join(", ")}.` : `Did you mean ${near}:?`;
  return new QueryError(
    at,
    field.length + 1,
    `There is no field “${field}:”.`,
    `${instead} To look for the text itself, put it in quotes: "${word}".`,
  );
}

function valueAt(text: string, at: number, depth: number): Value {
  const rest = text.slice(at);
  if (rest.startsWith('"')) {
    const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(rest);
    if (!quoted) throw new QueryError(at, rest.length, "The quote is not closed.", 'Write " at its end.');
    return { kind: "quoted", text: (quoted[1] ?? "").replaceAll(/\\(.)/g, "$1"), at, length: quoted[0].length };
  }
  // A path such as /layer.0/attention begins with a slash, too: an expression ends with one.
  const pattern = /^\/(\S+?)\/(?=[\s),]|$)/.exec(rest);
  if (pattern) return { kind: "regex", text: pattern[1] ?? "", at, length: pattern[0].length };
  const word = wordAt(rest, depth);
  return { kind: "word", text: word, at, length: word.length };
}

/** Up to a space, an arrow, or what ends a branch; brackets of its own belong to a word. */
function wordAt(rest: string, depth: number): string {
  let nested = 0;
  for (let i = 0; i < rest.length; i += 1) {
    const c = rest[i] as string;
    if (/\s/.test(c) || c === "→" || rest.startsWith("->", i)) return rest.slice(0, i);
    if (c === "(" || c === "[") nested += 1;
    else if (c === ")" || c === "]") {
      if (nested === 0 && c === ")") return rest.slice(0, i);
      nested -= 1;
    } else if (c === "," && nested === 0 && depth > 0) return rest.slice(0, i);
  }
  return rest;
}

// --- structure

interface Ends {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

class Parser {
  private next = 0;
  private readonly steps: Step[] = [];
  private readonly edges: PatternEdge[] = [];
  private readonly inChain: boolean;

  constructor(private readonly list: readonly Token[]) {
    this.inChain = list.some(({ kind }) => kind === "->" || kind === "->>");
  }

  query(): Query {
    const first = this.peek();
    if (first.kind === "end") throw new QueryError(0, 0, "There is nothing to look for.", "Write a word, or op:MatMul.");
    this.chain();
    const left = this.peek();
    if (left.kind === ")")
      throw new QueryError(left.at, 1, "A bracket closes that none opened.", "Take it out, or put the text in quotes.");
    if (!this.inChain) {
      const opened = this.list.find(({ kind }) => kind === "(");
      if (opened)
        throw new QueryError(
          opened.at,
          1,
          "Brackets hold the branches of a chain.",
          "Write MatMul -> (Add, Relu), or put the text in quotes.",
        );
      return { kind: "nodes", step: this.steps[0] as Step };
    }
    return { kind: "structure", pattern: { steps: this.steps, edges: this.edges } };
  }

  private peek(): Token {
    return this.list[this.next] as Token;
  }

  private chain(): Ends {
    let part = this.part();
    const { starts } = part;
    for (let arrow = this.peek(); arrow.kind === "->" || arrow.kind === "->>"; arrow = this.peek()) {
      this.next += 1;
      const following = this.part();
      for (const from of part.ends) for (const to of following.starts) this.edges.push({ from, to, far: arrow.kind === "->>" });
      part = following;
    }
    return { starts, ends: part.ends };
  }

  private part(): Ends {
    const token = this.peek();
    if (token.kind === "(") return this.branches(token.at);
    if (token.kind !== "term") throw this.missing(token);
    const tests: Test[] = [];
    for (let term = this.peek(); term.kind === "term"; term = this.peek()) {
      this.next += 1;
      tests.push(...this.test(term.term));
    }
    const index = this.steps.push({ tests }) - 1;
    return { starts: [index], ends: [index] };
  }

  private branches(at: number): Ends {
    this.next += 1;
    const made = [this.chain()];
    for (; this.peek().kind === ",";) {
      this.next += 1;
      made.push(this.chain());
    }
    if (this.peek().kind !== ")") throw new QueryError(at, 1, "The bracket is not closed.", "Write ) after the last branch.");
    this.next += 1;
    return { starts: made.flatMap(({ starts }) => starts), ends: made.flatMap(({ ends }) => ends) };
  }

  private missing({ kind, at, length }: Token): QueryError {
    const before = this.list[this.next - 1];
    if (before === undefined) return new QueryError(at, length, "A chain begins with a node.", "Write * for any: * -> Softmax.");
    if (before.kind === "->" || before.kind === "->>")
      return new QueryError(
        before.at,
        before.length,
        "Nothing comes after the arrow.",
        `Write what does, or * for any: ${before.kind} Softmax.`,
      );
    return new QueryError(
      at,
      Math.max(1, length),
      kind === "end" ? "A branch is missing." : `“${kind}” has nothing before it.`,
      "Write MatMul -> (Add, Relu).",
    );
  }

  /** `*` says nothing of a node. */
  private test({ negative, field, value }: Term): readonly Test[] {
    if (field === undefined && value.kind === "word" && value.text === "*" && !negative) return [];
    const test =
      field !== undefined
        ? (fields[field] as (typeof fields)[string]).test(value)
        : this.inChain && value.kind === "word" && !/^#\d+$/.test(value.text)
          ? opTest(value)
          : textTest(value);
    if (!negative) return [test];
    return [
      (space) => {
        const holds = test(space);
        return (i) => !holds(i);
      },
    ];
  }
}
