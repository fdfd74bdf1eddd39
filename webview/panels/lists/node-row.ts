/** A row of a list of nodes. */
import type { App } from "../../app.ts";
import { cutAround, cutText } from "../../cut-text.ts";
import { el } from "../../dom.ts";
import { shapeText } from "../../model/boxes.ts";
import { changeLines } from "../../model/change-text.ts";
import { changeSigns, kindOf, type StageChange } from "../../model/change.ts";
import { tail, visible } from "../../model/format.ts";
import { tellingPart } from "../../model/telling-part.ts";
import { fateOf } from "../../model/holes.ts";
import type { NodeRow, Snapshot } from "../../model/trace.ts";

/** Letters: of operators that are not cut; of names at most; of shapes that are not cut, and of the ends of longer ones. */
const [wholeOp, longestName, wholeShape, shapeEnd] = [8, 60, 9, 4];

export interface RowOf {
  readonly node: NodeRow;
  readonly snapshot: Snapshot;
  readonly stage: number;
  readonly change: StageChange;
  readonly level: number;
  readonly removed: boolean;
  /** Names of the rows near it. */
  readonly around: readonly string[];
}

export function nodeRow(app: App, { node, snapshot, stage, change, level, removed, around }: RowOf): HTMLElement {
  const fate = node.hole ? fateOf(node, app.store.state.summary) : undefined;
  const output = snapshot.values.get(node.outputs[0] ?? -1);
  const kind = removed ? "removed" : kindOf(change, node.id);
  const differs = kind === undefined ? [] : changeLines(app.trace, stage, node.id);
  const fateLine = fate && `${fate.where}${fate.kind === "later" ? "" : `: ${visible(fate.why)}`}`;
  const name = tail(node.name, longestName);
  const kept = tellingPart(
    name,
    around.map((one) => tail(one, longestName)),
  );
  return el(
    "div",
    {
      class: `row level-${level}${node.hole ? " not-compiled" : ""}`,
      title: [`${visible(node.op)}  ${visible(node.name)}`, output && shapeText(output.shape), fateLine, ...differs]
        .filter(Boolean)
        .join("\n"),
    },
    el("span", { class: `sign ${kind ?? ""}`, attrs: { "aria-hidden": "true" } }, kind && changeSigns[kind]),
    el("span", { class: `node-op${node.op.length > wholeOp ? " long" : ""}` }, visible(node.op)),
    cutAround("node-name", name, kept),
    output && cutText("node-shape", shapeText(output.shape), wholeShape, shapeEnd),
    el("span", { class: "for-readers" }, [kind, ...(node.hole ? ["not compiled"] : [])].filter(Boolean).join(", ")),
  );
}
