/** The rows of the tree of passes: headings of levels, passes, stretches of passes without change, and the hits of the pass shown. */
import type { RuleHit } from "#protocol";
import type { PassRow } from "../../app.ts";

export type TreeRow =
  | { readonly kind: "level"; readonly title: string }
  | { readonly kind: "pass"; readonly pass: PassRow }
  | { readonly kind: "fold"; readonly passes: readonly PassRow[] }
  | { readonly kind: "hit"; readonly pass: PassRow; readonly hit: RuleHit; readonly index: number };

export interface Tree {
  readonly stage: number;
  /** Passes that changed nothing have rows of their own. */
  readonly showUnchanged: boolean;
}

const levelNames: Readonly<Record<string, string>> = { import: "Import", graph: "Graph", lower: "Lowering", tensor: "Loops", code: "Code" };
export const levelName = (level: string): string => levelNames[level] ?? level;

const quiet = ({ status }: PassRow): boolean => status === "same" || status === "skipped";

export function treeRows(passes: readonly PassRow[], { stage, showUnchanged }: Tree): TreeRow[] {
  const rows: TreeRow[] = [];
  let folded: PassRow[] = [];
  const unfold = (): void => {
    if (folded.length > 0) rows.push({ kind: "fold", passes: folded });
    folded = [];
  };
  let level = "";
  for (const pass of passes) {
    if (pass.level !== level) {
      unfold();
      level = pass.level;
      rows.push({ kind: "level", title: levelName(level) });
    }
    if (quiet(pass) && !showUnchanged && pass.index !== stage) {
      folded.push(pass);
      continue;
    }
    unfold();
    rows.push({ kind: "pass", pass });
    if (pass.index === stage) pass.hits?.forEach((hit, index) => rows.push({ kind: "hit", pass, hit, index }));
  }
  unfold();
  return rows;
}

/** A rule without the name of its pass: `recognise/gelu` is `gelu`. */
export const ruleName = (pass: PassRow, { rule }: RuleHit): string =>
  rule.startsWith(`${pass.name}/`) ? rule.slice(pass.name.length + 1) : rule;

/** `5 → 1` ops, or what a note says. */
export function hitText({ before, after, note }: RuleHit): string {
  return note ?? (before.length === 0 && after.length === 0 ? "" : `${before.length} → ${after.length}`);
}
