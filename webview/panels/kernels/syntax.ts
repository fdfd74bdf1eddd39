/** Light colouring of the three languages: one regular expression each, tried from left to right. */

export interface Token {
  readonly text: string;
  /** CSS class `t-...`; empty for plain text. */
  readonly kind: "" | "comment" | "string" | "number" | "keyword" | "type" | "call" | "register" | "label" | "native";
}

type Kind = Exclude<Token["kind"], "">;
type Rule = readonly [Kind, string];

const number: Rule = ["number", String.raw`\b0x[\da-fA-F]+\b|-?\b\d[\d.]*(?:e[-+]?\d+)?[fFuUlL]*\b`];
const languages: Readonly<Record<string, readonly Rule[]>> = {
  ir: [
    ["comment", String.raw`(?://|;).*$`],
    ["string", String.raw`"(?:[^"\\]|\\.)*"`],
    [
      "keyword",
      String.raw`\b(?:module|func|region|kernel|vars|memory|run|init|for|parallel|grid|in|step|if|else|let|alloc|buffer|return|store|load|call|brgemm|barrier|graph|group|input|output|const|while|scope|arena|register)\b`,
    ],
    ["type", String.raw`\b(?:f32|f16|bf16|f64|s8|u8|s32|s64|i8|i16|i32|i64|u16|u32|u64|bool|index)\b(?:x\d+)?`],
    ["register", String.raw`[%@$#][\w.]+`],
    ["call", String.raw`\b[a-z_][\w.]*(?=\()`],
    number,
  ],
  cpp: [
    ["comment", String.raw`//.*$|/\*.*?(?:\*/|$)|^\s*\*.*$`],
    ["string", String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)'`],
    [
      "keyword",
      String.raw`^\s*#\s*\w+|\b(?:for|if|else|while|do|return|const|constexpr|static|inline|extern|using|namespace|template|typename|struct|class|auto|void|switch|case|break|continue|sizeof|nullptr|true|false|alignas|noexcept|restrict|__restrict)\b`,
    ],
    ["type", String.raw`\b(?:float|double|int|char|bool|unsigned|long|short|size_t|u?int\d+_t|__m\d+[id]?h?|__mmask\d+|bf16|std)\b`],
    ["native", String.raw`\bfs::\w+(?=(?:<[\w, :/]*>)?\()`],
    ["call", String.raw`\b_mm\w+|\b\w+(?=\()`],
    number,
  ],
  asm: [
    ["comment", String.raw`(?:#|;|//).*$`],
    ["label", String.raw`^\s*[\w.$<>@+]+:`],
    ["keyword", String.raw`^\s*(?:[\da-f]+:\s*)?\.?[a-z][a-z0-9.]*\b`],
    ["register", String.raw`%?\b(?:[xyz]mm\d+|tmm\d|k[0-7]|r(?:[abcd]x|[sd]i|[sb]p|ip|\d+[dwb]?)|e(?:[abcd]x|[sd]i|[sb]p))\b`],
    number,
  ],
};

const compiled = new Map<string, { readonly expression: RegExp; readonly kinds: readonly Kind[] }>();

function rulesOf(language: string) {
  const known = compiled.get(language);
  if (known) return known;
  const rules = languages[language] ?? languages.cpp ?? [];
  const made = { expression: new RegExp(rules.map(([, source]) => `(${source})`).join("|"), "g"), kinds: rules.map(([kind]) => kind) };
  compiled.set(language, made);
  return made;
}

/** Lines longer than this are shown plain. */
const longest = 2000;

/** Splits a line. The texts of the tokens are the line. */
export function tokens(line: string, language: "ir" | "cpp" | "asm"): readonly Token[] {
  if (line.length > longest) return [{ text: line, kind: "" }];
  const { expression, kinds } = rulesOf(language);
  const made: Token[] = [];
  let at = 0;
  expression.lastIndex = 0;
  for (let match = expression.exec(line); match; match = expression.exec(line)) {
    if (match[0] === "") {
      expression.lastIndex += 1;
      continue;
    }
    if (match.index > at) made.push({ text: line.slice(at, match.index), kind: "" });
    const found = match.slice(1).findIndex((part) => part !== undefined);
    made.push({ text: match[0], kind: kinds[found] ?? "" });
    at = match.index + match[0].length;
  }
  if (at < line.length) made.push({ text: line.slice(at), kind: "" });
  return made;
}
