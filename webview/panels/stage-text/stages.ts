/** Which text stands for a stage of loops or code, and which one it is compared with. */
import type { TextKind } from "#protocol";
import { lastRunStage, passRows, type PassRow } from "../../app.ts";
import { worksOnLoops } from "../../actions.ts";
import type { State } from "../../store.ts";

export interface StageText {
  readonly kind: TextKind;
  readonly stage: number;
  /** The pass that made it. */
  readonly pass: PassRow;
  /** Stage of the text of the same kind before this one; absent for the first of its kind. */
  readonly base?: number;
}

const isText = (row: PassRow): boolean => worksOnLoops(row) && row.status !== undefined && row.status !== "failed";

/** Undefined for stages of graphs. A failed pass shows the text it was given. */
export function stageText(state: State, stage: number): StageText | undefined {
  const rows = passRows(state);
  const asked = rows.find(({ index }) => index === stage);
  if (!state.summary || !asked || !worksOnLoops(asked) || state.bodies.length > 0) return undefined;
  const pass = isText(asked) ? asked : rows.filter((row) => isText(row) && row.index < stage).pop();
  if (!pass) return undefined;
  if (pass.level === "code") return { kind: "cpp", stage: lastRunStage(state), pass };
  const before = rows.filter((row) => isText(row) && row.level !== "code" && row.index < pass.index).pop();
  return { kind: "ir", stage: pass.index, pass, ...(before && asked === pass ? { base: before.index } : {}) };
}

/** Stages whose texts the next steps will want. */
export function neighbours(state: State): readonly StageText[] {
  const changing = passRows(state).filter(({ status }) => status === "changed" || status === "failed");
  const next = changing.find(({ index }) => index > state.stage);
  const previous = changing.filter(({ index }) => index < state.stage).pop();
  const following = passRows(state).find(({ index }) => index === state.stage + 1);
  return [next, following, previous].flatMap((row) => (row ? (stageText(state, row.index) ?? []) : []));
}
