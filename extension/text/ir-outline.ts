/** The structure of IR text by its lines: an outline with nesting, and what can be folded. Pure functions on lines; one table for both languages. */

/** What a line of the outline is; features/ir-language.ts gives each its icon. */
export type OutlineKind = "module" | "part" | "input" | "node" | "group" | "buffer" | "region" | "loop" | "kernel" | "branch";

export interface OutlineItem {
  readonly kind: OutlineKind;
  readonly name: string;
  readonly detail: string;
  /** First and last line, from 0. */
  readonly line: number;
  last: number;
  readonly children: OutlineItem[];
}

type Row = readonly [pattern: RegExp, kind: OutlineKind];

/** Name and detail are the groups of the pattern. The first that fits decides. */
const rows: readonly Row[] = [
  [/^(?:graph|module) (?<name>"(?:[^"\\]|\\.)*")/, "module"],
  [/^(?<name>init|run) \{/, "part"],
  [/^(?:s\d+: )?region \d+ (?<name>"(?:[^"\\]|\\.)*")/, "region"],
  [/^(?:s\d+: )?for (?<name>\S+) (?<detail>in .*?)(?: @\[.*)?\{/, "loop"],
  [/^(?:s\d+: )?kernel (?<name>\w+)\((?<detail>[^;)]*)/, "kernel"],
  [/^(?:s\d+: )?(?<name>if|else)\b(?<detail>.*?)\{/, "branch"],
  [/^buffer (?<name>(?:"(?:[^"\\]|\\.)*"|[\w.]*)#\d+): (?<detail>\S+ \w+)/, "buffer"],
  [/^input (?<name>%\d+) (?<detail>"(?:[^"\\]|\\.)*": \w+\[[^\]]*\])/, "input"],
  [/^group \d+ (?<name>"(?:[^"\\]|\\.)*") (?<detail>"\w*")/, "group"],
  // The results with their types, then the operator; the name of the node stands after its number.
  [/^%\d+(?: "(?:[^"\\]|\\.)*")?:.*? = (?<name>[\w.]+)\(.*? #\d+ (?<detail>"(?:[^"\\]|\\.)*")/, "node"],
  [/^%\d+(?: "(?:[^"\\]|\\.)*")?:.*? = (?<name>[\w.]+)\(/, "node"],
];

/** Lines of one kind that stand together, such as constants, fold into the first of them. */
const lists = /^(const|source|buffer|vars|input)\b/;

const indentOf = (text: string): number => text.length - text.trimStart().length;

/** Lines longer than that are constants written out: their beginning says what they are. */
const longest = 2000;

export function outline(lines: readonly string[]): OutlineItem[] {
  const top: OutlineItem[] = [];
  const open: { readonly indent: number; readonly item: OutlineItem }[] = [];
  lines.forEach((text, line) => {
    const body = text.trimStart().slice(0, longest);
    if (body === "") return;
    const indent = indentOf(text);
    while (open.length > 0 && (open.at(-1)?.indent ?? 0) >= indent) {
      const ended = open.pop();
      if (ended !== undefined && ended.indent === indent && body.startsWith("}")) ended.item.last = line;
    }
    for (const { item } of open) item.last = line;
    const item = itemOf(body, line);
    if (item === undefined) return;
    (open.at(-1)?.item.children ?? top).push(item);
    open.push({ indent, item });
  });
  return top;
}

function itemOf(body: string, line: number): OutlineItem | undefined {
  for (const [pattern, kind] of rows) {
    const { name, detail = "" } = pattern.exec(body)?.groups ?? {};
    if (name !== undefined) return { kind, name: unquoted(name), detail: unquoted(detail.trim()), line, last: line, children: [] };
  }
  return undefined;
}

/** First and last line of each part that can be folded. */
export function folds(lines: readonly string[]): [first: number, last: number][] {
  const found: [number, number][] = [];
  const visit = (items: readonly OutlineItem[]): void => {
    for (const { line, last, children } of items) {
      // The closing bracket stays in sight.
      const end = lines[last]?.trimStart().startsWith("}") ? last - 1 : last;
      if (end > line) found.push([line, end]);
      visit(children);
    }
  };
  visit(outline(lines));
  let first = 0;
  const kindAt = (line: number): string => lists.exec(lines[line]?.trimStart() ?? "")?.[1] ?? "";
  for (let line = 1; line <= lines.length; line++) {
    if (line < lines.length && kindAt(line) === kindAt(first)) continue;
    if (kindAt(first) !== "" && line - 1 > first) found.push([first, line - 1]);
    first = line;
  }
  return found.sort(([a], [b]) => a - b);
}

/** Names are printed as JSON. Ones that are not stay as they are; VS Code has no names that are empty. */
function unquoted(text: string): string {
  try {
    return text.startsWith('"') && text.endsWith('"') ? (JSON.parse(text) as string) || "(no name)" : text;
  } catch {
    return text;
  }
}
