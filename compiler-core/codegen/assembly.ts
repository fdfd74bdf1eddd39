/**
 * A compiler's assembly as people read it: instructions and the labels they use, with the line of the generated C++ that each came
 * from (through the `.loc` directives). Pure text; GNU syntax of g++ and clang++.
 */

export interface Assembly {
  readonly lines: readonly string[];
  /** The C++ line of each line; 0: none. */
  readonly source: Int32Array;
}

const fileDirective = /^\s*\.file\s+(\d+)\s+(?:"[^"]*"\s+)?"([^"]*)"/;
const locDirective = /^\s*\.loc\s+(\d+)\s+(\d+)/;
const label = /^([^\s:#][^:]*):\s*(?:[#/].*)?$/;
const sectionDirective = /^\s*\.(?:section\s+([^\s,]+)|(text|data|bss))/;

/** @param cpp file name of the generated C++; lines of headers count as none */
export function readableAssembly(text: string, cpp: string): Assembly {
  const all = text.split("\n");
  const used = usedLabels(all);
  const files = new Set(all.flatMap((line) => numberOfFile(line, cpp)));
  const lines: string[] = [];
  const source: number[] = [];
  let at = 0;
  let inCode = true;
  for (const line of all) {
    const section = sectionDirective.exec(line);
    if (section !== null) inCode = section[2] === "text" || section[1]?.startsWith(".text") === true;
    const loc = locDirective.exec(line);
    if (loc !== null) at = files.has(Number(loc[1])) ? Number(loc[2]) : at;
    const name = label.exec(line)?.[1];
    if (!inCode || isNoise(line)) continue;
    if (name !== undefined && !used.has(name)) continue;
    if (name !== undefined && !name.startsWith(".")) at = 0;
    lines.push(line.replace(/\t/g, "    ").trimEnd());
    source.push(name === undefined ? at : 0);
  }
  return { lines, source: Int32Array.from(source) };
}

/** Directives and comments say nothing to a reader. */
const isNoise = (line: string): boolean =>
  /^\s*(?:[#/].*)?$/.test(line) || /^\s+\.[a-z]/i.test(line) || /^\s*\.(?:cfi|loc|file|section|text|globl|type|size|ident|set)/.test(line);

/** Functions, and local labels that some instruction names. */
function usedLabels(lines: readonly string[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const line of lines) {
    const type = /^\s*\.type\s+([^\s,]+),\s*@function/.exec(line)?.[1];
    if (type !== undefined) used.add(type);
    else if (!/^\s*\./.test(line)) for (const match of line.matchAll(/\.L\w+/g)) if (!line.startsWith(match[0])) used.add(match[0]);
  }
  return used;
}

function numberOfFile(line: string, cpp: string): number[] {
  const match = fileDirective.exec(line);
  const path = match?.[2] ?? "";
  return match !== null && (path === cpp || path.endsWith(`/${cpp}`)) ? [Number(match[1])] : [];
}
