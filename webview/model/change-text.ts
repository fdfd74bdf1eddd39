/** What is different about a node: in words, for details, tooltips and lists. */
import type { GroupInfo } from "#protocol";
import { shapeText } from "./boxes.ts";
import { noChange } from "./change.ts";
import { tail, visible } from "./format.ts";
import { templateText } from "./holes.ts";
import { groupOfNode } from "./links.ts";
import type { NodeRow, Snapshot, Trace, ValueRow } from "./trace.ts";

/** A node where it stands. */
export interface NodeAt {
  readonly snapshot: Snapshot;
  readonly node: number;
}

/** Takes ids of the side before to those of the side after; in one compilation they are the same. */
export interface Identity {
  readonly value: (id: number) => number | undefined;
  readonly node: (id: number) => number | undefined;
}

const sameIds: Identity = { value: (id) => id, node: (id) => id };
const arrow = "→";
/** Differences listed of a node; the rest are counted. */
const mostLines = 12;

/**
 * What sets `after` apart from `before`, one difference a line: `attribute axis: -1 → 1`, `result shape 128×512 → 512×128`. Empty when
 * nothing shows.
 */
export function changeText(before: NodeAt, after: NodeAt, same: Identity = sameIds): readonly string[] {
  const [old, now] = [before.snapshot.nodes.get(before.node), after.snapshot.nodes.get(after.node)];
  if (!old || !now) return [];
  const lines = [
    ...(old.op === now.op ? [] : [`operator ${visible(old.op)} ${arrow} ${visible(now.op)}`]),
    ...attributeLines(old.attrs, now.attrs),
    ...operandLines(before.snapshot, old, after.snapshot, now, same),
    ...resultLines(before.snapshot, old, after.snapshot, now),
    ...(old.init === now.init ? [] : [now.init ? "now done once, at the first run" : "now done in every run"]),
    ...groupLines(before, after, same),
  ];
  return lines.length <= mostLines ? lines : [...lines.slice(0, mostLines - 1), `and ${lines.length - mostLines + 1} more`];
}

/** What a stage did to a node of its graph (or, for a removed one, of the graph before). */
export function changeLines(trace: Trace, stage: number, node: number): readonly string[] {
  const change = trace.graphStage(stage) === stage ? trace.change(stage) : noChange;
  if (change.added.has(node)) return ["added by this pass"];
  const base = trace.baseOf(stage);
  if (change.removed.has(node)) return ["removed by this pass"];
  if (base < 0 || trace.graphStage(stage) !== stage) return [];
  const [snapshot, was] = [trace.snapshot(stage), trace.snapshot(base)];
  const old = change.replaces.get(node) ?? node;
  const replaced = old === node ? [] : [`takes the place of ${visible(was.nodes.get(old)?.op ?? "")} #${old}`];
  const text = changeText({ snapshot: was, node: old }, { snapshot, node });
  const outOfOrder = change.moved.has(node) && text.length === 0 ? ["moved to another place in the order of execution"] : [];
  return [...replaced, ...text, ...outOfOrder];
}

function attributeLines(before: string, after: string): string[] {
  if (before === after) return [];
  const [old, now] = [attributes(before), attributes(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was === is) return [];
    return [`attribute ${visible(name)}: ${was ?? "none"} ${arrow} ${is ?? "none"}`];
  });
}

function attributes(json: string): ReadonlyMap<string, string> {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== "object" || parsed === null) return new Map();
    return new Map(Object.entries(parsed).map(([name, value]) => [name, short(visible(JSON.stringify(value) ?? "none"))]));
  } catch {
    return new Map();
  }
}

const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

const valueName = (snapshot: Snapshot, id: number): string => {
  if (id < 0) return "none";
  const value = snapshot.values.get(id);
  return value && value.name !== "" ? `${tail(value.name, 28)} (%${id})` : `%${id}`;
};

function operandLines(before: Snapshot, old: NodeRow, after: Snapshot, now: NodeRow, same: Identity): string[] {
  const lines: string[] = [];
  for (let i = 0; i < Math.max(old.inputs.length, now.inputs.length); i += 1) {
    const [was, is] = [old.inputs[i], now.inputs[i]];
    if (was === undefined) lines.push(`input ${i + 1}: new, ${valueName(after, is as number)}`);
    else if (is === undefined) lines.push(`input ${i + 1}: gone, was ${valueName(before, was)}`);
    else if ((was < 0 ? was : same.value(was)) !== is)
      lines.push(`input ${i + 1}: ${valueName(before, was)} ${arrow} ${valueName(after, is)}`);
    else lines.push(...typeLines(`input ${i + 1}`, before.values.get(was), after.values.get(is)));
  }
  return lines;
}

function resultLines(before: Snapshot, old: NodeRow, after: Snapshot, now: NodeRow): string[] {
  const count = now.outputs.length;
  const lines = Array.from(now.outputs.slice(0, old.outputs.length)).flatMap((id, i) =>
    typeLines(count > 1 ? `result ${i + 1}` : "result", before.values.get(old.outputs[i] as number), after.values.get(id)),
  );
  return old.outputs.length === count ? lines : [...lines, `results: ${old.outputs.length} ${arrow} ${count}`];
}

function typeLines(what: string, old: ValueRow | undefined, now: ValueRow | undefined): string[] {
  if (!old || !now || old === now) return [];
  const origin = now.shapeSource !== old.shapeSource && now.shapeSource !== "" ? ` (${now.shapeSource})` : "";
  return [
    ...(old.shape === now.shape ? [] : [`${what} shape ${shapeText(old.shape)} ${arrow} ${shapeText(now.shape)}${origin}`]),
    ...(old.dtype === now.dtype ? [] : [`${what} type ${old.dtype} ${arrow} ${now.dtype}`]),
    ...(old.layout === now.layout ? [] : [`${what} layout ${old.layout || "plain"} ${arrow} ${now.layout || "plain"}`]),
    ...(old.constant === now.constant ? [] : [`${what} is ${now.constant ? "known now" : "not known any more"}`]),
  ];
}

function groupLines(before: NodeAt, after: NodeAt, same: Identity): string[] {
  if (before.snapshot.groups === after.snapshot.groups) return [];
  const [old, now] = [groupOfNode(before.snapshot.groups).get(before.node), groupOfNode(after.snapshot.groups).get(after.node)];
  if (!now || after.snapshot.groups.length === 0) return [];
  if (old === undefined || same.node(old.leader) !== now.leader) return joined(old, now, after);
  const names = [...new Set([...Object.keys(old.params), ...Object.keys(now.params)])];
  const params = names.flatMap((name) => {
    const [was, is] = [old.params[name], now.params[name]];
    return was === is ? [] : [`${visible(name)}: ${was ?? "none"} ${arrow} ${is ?? "none"}`];
  });
  const members =
    old.members.length === now.members.length ? [] : [`members of the group: ${old.members.length} ${arrow} ${now.members.length}`];
  const template = old.template === now.template ? [] : [`template ${templateText(old.template)} ${arrow} ${templateText(now.template)}`];
  return now.leader === after.node ? [...template, ...members, ...params] : [];
}

function joined(old: GroupInfo | undefined, now: GroupInfo, { snapshot, node }: NodeAt): string[] {
  const leader = snapshot.nodes.get(now.leader);
  const led = now.leader === node ? "which it leads" : `led by ${visible(leader?.op ?? "")} #${now.leader}`;
  const size = `${now.members.length} ${now.members.length === 1 ? "op" : "ops"}`;
  return [`${old ? `group ${old.id}` : "no group"} ${arrow} group ${now.id} (${templateText(now.template)}, ${size}), ${led}`];
}
