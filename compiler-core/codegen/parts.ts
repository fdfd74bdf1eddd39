/**
 * Generated C++ as several translation units, which compilers work on at once. The functions of regions are dealt out; the first part has
 * everything else. Every part has the lines of the whole: what belongs to others is left blank, so that line information fits the one file
 * that people see.
 */

/** A part is not worth its reading of the headers with fewer lines of functions. */
const leastLines = 400;

interface Block {
  /** First line and the one after the last, from 0. */
  readonly from: number;
  readonly to: number;
  readonly kind: "function" | "other";
  /** The kernel it calls first, with its template's arguments: such functions share code that is better made once. */
  readonly kernel: string;
}

/** Functions of regions, and what only one part may define. */
function blocksOf(lines: readonly string[]): readonly Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const isFunction = line.startsWith("FS_REGION_FUNCTION ") && line.endsWith("{");
    const end =
      isFunction || line.startsWith("FS_EXPORT void ")
        ? "}"
        : line === "namespace {"
          ? "}  // namespace"
          : line.startsWith("FS_EXPORT const ")
            ? "};"
            : undefined;
    if (end === undefined) continue;
    const to = lines.indexOf(end, at) + 1;
    if (to === 0) return [];
    const kernel = isFunction ? (/fs::(?:conv|depthwise|gemm|pack)\w*(?:<[^(]*>)?\(/.exec(lines.slice(at, to).join("\n"))?.[0] ?? "") : "";
    blocks.push({ from: at, to, kind: isFunction ? "function" : "other", kernel });
    at = to - 1;
  }
  return blocks;
}

/** How many parts are worth while on so many cores. */
export function usefulParts(text: string, cores: number): number {
  const lines = blocksOf(text.split("\n")).reduce((n, b) => n + (b.kind === "function" ? b.to - b.from : 0), 0);
  return Math.max(1, Math.min(cores, Math.floor(lines / leastLines)));
}

/**
 * The parts of a generated file, each named `name` to the compiler. One part, the text itself, where there is nothing to divide.
 * @param name base name of the whole file, for line information
 */
export function partsOf(text: string, name: string, count: number): readonly string[] {
  const lines = text.split("\n");
  const blocks = blocksOf(lines);
  const functions = blocks.filter((b) => b.kind === "function");
  if (count < 2 || functions.length < count) return [text];
  const sorted = [...functions].sort((a, b) => (a.kernel < b.kernel ? -1 : a.kernel > b.kernel ? 1 : a.from - b.from));
  const total = sorted.reduce((n, b) => n + b.to - b.from, 0);
  const partOf = new Map<Block, number>();
  let before = 0;
  for (const b of sorted) {
    partOf.set(b, Math.min(count - 1, Math.floor((before * count) / total)));
    before += b.to - b.from;
  }
  return Array.from({ length: count }, (_, part) => {
    const own = [...lines];
    for (const b of blocks) {
      if (b.kind === "other" ? part === 0 : partOf.get(b) === part) continue;
      own.fill("", b.from, b.to);
      if (b.kind === "function" && part === 0) own[b.from] = (lines[b.from] ?? "").replace(/ \{$/, ";");
    }
    return `#line 1 "${name}"\n${own.join("\n")}`;
  });
}

/** The assembly of all parts as one text to be read: labels and numbers of files, which every part counts from the start, are told apart. */
export const joinAssembly = (parts: readonly string[]): string =>
  parts
    .map((text, part) =>
      text
        .replace(/\.L(?=[A-Za-z0-9_])/g, `.L${part}_`)
        .replace(/^(\s*\.(?:file|loc)\s+)(\d+)/gm, (_, head: string, n: string) => `${head}${Number(n) + 100_000 * part}`),
    )
    .join("\n");
