/** The statements that work for some nodes, stage by stage, read from the texts of the loops: for pages that carry their compilation with them. */
import type { Level, LoopStep, TextReply } from "#protocol";

export interface LoopText {
  readonly stage: number;
  readonly pass: string;
  readonly level: Level;
  readonly text: TextReply;
}

const regionLine = /^\s*s\d+: region (\d+) ("(?:[^"\\]|\\.)*"|\S+)/;

/** As the compiler counts them: a stage is listed when one of the statements is another than before. */
export function loopStepsOfTexts(texts: readonly LoopText[], nodes: ReadonlySet<number>): readonly LoopStep[] {
  const steps: LoopStep[] = [];
  let before: ReadonlyMap<number, string> = new Map();
  for (const { stage, pass, level, text } of texts) {
    const { regions, statements } = ownStatements(text, nodes);
    const same = statements.size === before.size && [...statements].every(([id, line]) => before.get(id) === line);
    before = statements;
    if (!same) steps.push({ stage, pass, level, regions });
  }
  return steps;
}

function ownStatements(
  text: TextReply,
  nodes: ReadonlySet<number>,
): { readonly regions: LoopStep["regions"]; readonly statements: Map<number, string> } {
  const statements = new Map<number, string>();
  const found = new Map<number, { group: number; name: string; statements: number }>();
  const regions = text.lines.flatMap((line, i) => {
    const parts = regionLine.exec(line);
    return parts ? [{ at: i + 1, group: Number(parts[1]), name: plain(parts[2] ?? "") }] : [];
  });
  let next = 0;
  for (const { line, stmt, nodes: origin } of text.origins) {
    while (next < regions.length && (regions[next]?.at ?? Infinity) <= line) next += 1;
    const region = regions[next - 1];
    // What stands as far left as the region is not inside of it.
    if (!region || depth(text, line) <= depth(text, region.at) || !origin.some((node) => nodes.has(node))) continue;
    statements.set(stmt, (text.lines[line - 1] ?? "").trim());
    const known = found.get(region.at) ?? { group: region.group, name: region.name, statements: 0 };
    known.statements += 1;
    found.set(region.at, known);
  }
  return { regions: [...found.values()], statements };
}

const depth = ({ lines }: TextReply, line: number): number => (lines[line - 1] ?? "").search(/\S/);
const plain = (name: string): string => (name.startsWith('"') ? (JSON.parse(name) as string) : name);
