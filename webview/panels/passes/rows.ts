/** The rows of the tree of passes: headings of levels, passes, stretches of passes without change, and the hits of the pass shown. */
import type { RuleHit } from "#protocol";
import type { PassRow } from "../../app.ts";

export type TreeRow =
  | { readonly kind: "level"; readonly title: string }
  | { readonly kind: "pass"; readonly pass: PassRow }
  | { readonly kind: "fold"; readonly passes: readonly PassRow[] }
  | { readonly kind: "rule"; readonly pass: PassRow; readonly rule: string; readonly hits: number; readonly open: boolean }
  | { readonly kind: "hit"; readonly pass: PassRow; readonly hit: RuleHit; readonly index: number };

export interface Tree {
  readonly stage: number;
  /** Passes that changed nothing have rows of their own. */
  readonly showUnchanged: boolean;
  /** Index of the hit shown: its rule is open. */
  readonly hit?: number;
  /** Rules whose hits are listed although they are many. */
  readonly open?: ReadonlySet<string>;
}

/** With more hits than this a pass lists its rules, and under each of those that are open the hits. */
const mostHits = 20;
/** A rule with fewer hits needs no row of its own. */
const fewHits = 3;

const levelNames: Readonly<Record<string, string>> = { import: "Import", graph: "Graph", lower: "Lowering", tensor: "Loops", code: "Code" };
export const levelName = (level: string): string => levelNames[level] ?? level;

const quiet = ({ status }: PassRow): boolean => status === "same" || status === "skipped";

export function treeRows(passes: readonly PassRow[], tree: Tree): TreeRow[] {
  const { stage, showUnchanged } = tree;
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
    if (pass.index === stage) rows.push(...hitRows(pass, tree));
  }
  unfold();
  return rows;
}

/** The hits of a pass in their order; many of them by rule, in the order of the rules' first hits. */
function hitRows(pass: PassRow, { hit: shown = -1, open = new Set() }: Tree): TreeRow[] {
  const all = (pass.hits ?? []).map((hit, index) => ({ kind: "hit" as const, pass, hit, index }));
  if (all.length <= mostHits) return all;
  const byRule = new Map<string, typeof all>();
  for (const row of all) {
    const known = byRule.get(row.hit.rule);
    if (known) known.push(row);
    else byRule.set(row.hit.rule, [row]);
  }
  return [...byRule].flatMap(([rule, rows]): TreeRow[] => {
    if (rows.length < fewHits) return rows;
    const isOpen = open.has(rule) || rows.some(({ index }) => index === shown);
    return [{ kind: "rule", pass, rule, hits: rows.length, open: isOpen }, ...(isOpen ? rows : [])];
  });
}

/** A rule without the name of its pass: `recognise/gelu` is `gelu`. */
export const ruleName = (pass: PassRow, { rule }: { readonly rule: string }): string =>
  rule.startsWith(`${pass.name}/`) ? rule.slice(pass.name.length + 1) : rule;

/** `5 → 1` ops, or what a note says. */
export function hitText({ before, after, note }: RuleHit): string {
  return note ?? (before.length === 0 && after.length === 0 ? "" : `${before.length} → ${after.length}`);
}
