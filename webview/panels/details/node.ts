/** One node: what it does, where it comes from, what it costs, its attributes and values. */
import type { App } from "../../app.ts";
import { bytesText, visible } from "../../model/format.ts";
import { unknownWork } from "../../model/holes.ts";
import type { NodeRow, ValueRow } from "../../model/trace.ts";
import { attributeTable } from "./attributes.ts";
import { block, facts, type Fact } from "./blocks.ts";
import { bodyBlock } from "./bodies.ts";
import { changedFacts } from "./changed.ts";
import { profiledFact, workFacts } from "./cost.ts";
import { endsOfSelection } from "./ends.ts";
import { holeBlock } from "./hole.ts";
import { introducedFacts } from "./introduced.ts";
import { operatorFold } from "./operator.ts";
import { valueBlock } from "./values.ts";
import { fusionFact } from "./verdicts.ts";

/** @param removed the node is not in the stage shown, but was in the one before */
export function nodeDetails(app: App, node: NodeRow, removed: boolean): HTMLElement[] {
  const { trace, store } = app;
  const snapshot = removed ? trace.snapshot(trace.baseOf(store.state.stage)) : app.shown();
  const known: Fact[] = [
    ["Name", visible(node.name) || "(none)"],
    ["Id", `#${node.id}`],
    ...introducedFacts(app, node),
    ...changedFacts(app, node),
    ...fused(app),
    ...(node.init ? [["Phase", "once, at the first run"] as const] : []),
    ...(Number.isFinite(node.flops)
      ? workFacts(app, [node])
      : [["Work", unknownWork(node)] as const, ...bytesFact(node), ...profiledFact(app, [node])]),
  ];
  const values = (ids: Int32Array): ValueRow[] => [...ids].map((id) => snapshot.values.get(id)).filter((value) => value !== undefined);
  const doc = node.hole ? undefined : store.state.hello?.opDocs?.[node.op];
  const title = removed ? `${visible(node.op)} — removed by this pass` : visible(node.op);
  const hole = removed ? undefined : holeBlock(app, node);
  // Absent operands are left out of the list of values: the names of the others must not move up.
  const roles = (doc?.operands ?? []).filter((_, i) => node.inputs[i] !== -1);
  return [
    block(title, facts(known), node.hole ? undefined : attributeTable(app, node), operatorFold(app, node)),
    ...(hole ? [hole] : []),
    ...bodyBlock(app, node),
    valueBlock(app, "Inputs", values(node.inputs), snapshot.stage, (doc?.operands.length ?? 0) > 1 ? roles : []),
    valueBlock(app, "Outputs", values(node.outputs), snapshot.stage, (doc?.results.length ?? 0) > 1 ? doc?.results : []),
  ];
}

/** Decisions about the edges of what it became in the last graph. */
function fused(app: App): Fact[] {
  const line = fusionFact(app, new Set(endsOfSelection(app)), app.store.state.summary?.verdicts ?? []);
  return line ? [["Fused", line]] : [];
}

const bytesFact = ({ bytes }: NodeRow): Fact[] => (Number.isFinite(bytes) ? [["Bytes moved", bytesText(bytes)]] : []);
