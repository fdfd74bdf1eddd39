/** What the colours of boxes say: their kind, a class (element type, layout, group) or a number (work, bytes, time). Pure. */
import type { BenchResult, GroupInfo, OrtProfile } from "#protocol";
import { valueOfKey, type Boxes, type ClusterBox } from "../model/boxes.ts";
import { bytesText, flopsText, timeText } from "../model/format.ts";
import { categoryNames, Category } from "../model/category.ts";
import { groupOfNode } from "../model/links.ts";
import { timeOfNodes } from "../model/profile-times.ts";
import type { NodeRow, Snapshot } from "../model/trace.ts";
import type { ColorBy } from "../store.ts";
import type { Theme } from "./theme.ts";

/** One colour of a picture. Resolved with the theme when it is drawn. */
export interface Ink {
  readonly kind: "category" | "palette" | "group" | "ramp" | "none";
  readonly index: number;
}

export interface Swatch {
  readonly ink: Ink;
  readonly label: string;
  readonly count: number;
}

export interface Paint {
  readonly by: ColorBy;
  readonly inks: readonly Ink[];
  /** Index into `inks` by box. */
  readonly ink: Uint8Array;
  /** By box: what the colour says, in a word; empty where the shape of a sign says it. */
  readonly words: readonly string[];
  /** By box, for numbers: 0 the least, 1 the most; NaN where there is none. */
  readonly level?: Float64Array;
  readonly swatches: readonly Swatch[];
  /** Ends of the scale of numbers. */
  readonly scale?: { readonly low: string; readonly high: string; readonly title: string };
  /** Why there is nothing to colour by. */
  readonly hint?: string;
}

export interface PaintParts {
  readonly by: ColorBy;
  readonly boxes: Boxes;
  readonly snapshot: Snapshot;
  /** Groups of the last stage and who belongs to them, for stages that have none yet. */
  readonly groups: readonly GroupInfo[];
  readonly lastNodes: ReadonlyMap<number, NodeRow>;
  readonly measured?: BenchResult;
  /** Which benchmark that is, in words. */
  readonly measuredFrom?: string;
  readonly profile?: OrtProfile;
}

/** Classes with a colour of their own; what is rarer shares the last one. */
const mostClasses = 7;
const rampSteps = 7;

export const inkColour = (theme: Theme, { kind, index }: Ink): string => {
  if (kind === "category") return theme.category[index] ?? theme.muted;
  if (kind === "palette") return theme.palette[index % theme.palette.length] ?? theme.muted;
  if (kind === "group") return theme.groups[index % theme.groups.length] ?? theme.muted;
  return kind === "ramp" ? (theme.ramp[index] ?? theme.muted) : theme.muted;
};

const nothing: Ink = { kind: "none", index: 0 };

export function paintOf(parts: PaintParts): Paint {
  switch (parts.by) {
    case "kind":
      return byKind(parts.boxes);
    case "dtype":
      return byClass(parts, (node) => valueOf(parts, node)?.dtype ?? "");
    case "layout":
      return byClass(parts, (node) => valueOf(parts, node)?.layout ?? "");
    case "group":
      return byGroup(parts);
    case "flops":
      return byNumber(parts, (nodes) => sum(nodes, "flops"), flopsText, "work of an op");
    case "bytes":
      return byNumber(parts, (nodes) => sum(nodes, "bytes"), bytesText, "bytes an op reads and writes");
    case "time":
      return byTime(parts);
    case "ort":
      return byProfile(parts);
  }
}

function byKind(boxes: Boxes): Paint {
  const inks = categoryNames.map((_, index): Ink => ({ kind: "category", index }));
  const counts = new Uint32Array(inks.length);
  for (let i = 0; i < boxes.firstGhost; i += 1) counts[boxes.category[i] as number]! += 1;
  const swatches = inks
    .slice(0, Category.Terminal)
    .map((ink, index) => ({ ink, label: categoryNames[index] ?? "", count: counts[index] as number }));
  return { by: "kind", inks, ink: boxes.category, words: [], swatches };
}

const valueOf = ({ snapshot }: PaintParts, of: NodeRow | number): ReturnType<Snapshot["values"]["get"]> =>
  snapshot.values.get(typeof of === "number" ? valueOfKey(of) : (of.outputs[0] ?? -1));

/** The nodes in a box: one, all of a closed cluster, or none for inputs and outputs. */
function nodesOf({ boxes, snapshot }: PaintParts, i: number): readonly NodeRow[] {
  const key = boxes.keys[i] as number;
  const cluster: ClusterBox | undefined = boxes.clusters.get(key);
  return (cluster?.members ?? [key]).map((id) => snapshot.nodes.get(id)).filter((node) => node !== undefined);
}

/** What all of them have in common. */
function common(words: readonly string[]): string {
  const [first, ...others] = new Set(words.filter((word) => word !== ""));
  return first === undefined ? "" : others.length === 0 ? first : mixed;
}

const mixed = "mixed";
/** The layout of values that nobody has packed. */
const usual = "plain";

function byClass(parts: PaintParts, classOf: (of: NodeRow | number) => string): Paint {
  const { boxes, by } = parts;
  const words: string[] = [];
  const counts = new Map<string, number>();
  for (let i = 0; i < boxes.count; i += 1) {
    const key = boxes.keys[i] as number;
    const word = i >= boxes.firstGhost ? "" : key < 0 ? classOf(key) : common(nodesOf(parts, i).map(classOf));
    words.push(word);
    if (word !== "" && word !== mixed) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const order = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const inks: Ink[] = [nothing, ...order.slice(0, mostClasses).map((_, index): Ink => ({ kind: "palette", index }))];
  const place = new Map(order.slice(0, mostClasses).map(([word], at) => [word, at + 1]));
  const ink = Uint8Array.from(words, (word) => place.get(word) ?? 0);
  const rest = order.slice(mostClasses);
  // What is as usual need not be said on every box.
  if (by === "layout") words.forEach((word, i) => word === usual && (words[i] = ""));
  const swatches: Swatch[] = order.slice(0, mostClasses).map(([label, count], at) => ({ ink: inks[at + 1] as Ink, label, count }));
  if (rest.length > 0)
    swatches.push({ ink: nothing, label: `${rest.length} more`, count: rest.reduce((sum, [, count]) => sum + count, 0) });
  return { by, inks, ink, words, swatches };
}

/** Groups of a node: its own, or those that what became of it lies in. */
function groupsOf({ snapshot, groups, lastNodes }: PaintParts): (of: NodeRow) => readonly GroupInfo[] {
  if (snapshot.groups.length > 0) {
    const own = groupOfNode(snapshot.groups);
    return ({ id }) => [own.get(id)].filter((group) => group !== undefined);
  }
  const byNode = groupOfNode(groups);
  const bySource = new Map<number, Set<GroupInfo>>();
  for (const [id, group] of byNode) {
    for (const source of lastNodes.get(id)?.origin ?? []) {
      const known = bySource.get(source);
      if (known) known.add(group);
      else bySource.set(source, new Set([group]));
    }
  }
  return (node) => {
    const own = byNode.get(node.id);
    return own ? [own] : [...new Set([...node.origin].flatMap((source) => [...(bySource.get(source) ?? [])]))];
  };
}

function byGroup(parts: PaintParts): Paint {
  const { boxes, snapshot } = parts;
  const groups = groupsOf(parts);
  const list = snapshot.groups.length > 0 ? snapshot.groups : parts.groups;
  const order = new Map(list.map((group, at) => [group.id, at]));
  const words: string[] = [];
  const ink = new Uint8Array(boxes.count);
  for (let i = 0; i < boxes.count; i += 1) {
    const found = i < boxes.firstGhost ? [...new Set(nodesOf(parts, i).flatMap(groups))] : [];
    words.push(found.length === 0 ? "" : found.length === 1 ? `g${found[0]?.id}` : `${found.length} groups`);
    if (found.length === 1) ink[i] = 1 + ((order.get(found[0]?.id ?? -1) ?? 0) % groupInks);
  }
  const inks = [nothing, ...Array.from({ length: groupInks }, (_, index): Ink => ({ kind: "group", index }))];
  const label = `${list.length} ${list.length === 1 ? "group" : "groups"}; colours take turns, the number is on the box`;
  const empty = list.length === 0 ? { hint: "The fusion pass has not run: there are no groups." } : {};
  return { by: "group", inks, ink, words, swatches: [{ ink: inks[1] as Ink, label, count: list.length }], ...empty };
}

const groupInks = 5;

function byTime(parts: PaintParts): Paint {
  const regions = parts.measured?.regions ?? [];
  const times = new Map(regions.map(({ group, ns }) => [group, ns]));
  const groups = groupsOf(parts);
  // What went into several groups took part in all of their times: the longest says where to look.
  const time = (nodes: readonly NodeRow[]): number =>
    [...new Set(nodes.flatMap(groups))].reduce((most, { id }) => Math.max(most, times.get(id) ?? -Infinity), -Infinity);
  const paint = byNumber(
    parts,
    time,
    (ns) => timeText(ns / 1e6),
    `time of the op's fusion group in the ${parts.measuredFrom ?? "last benchmark"}`,
  );
  const hint = parts.measured
    ? "The last benchmark gave no times by group: measure the whole model."
    : "No times yet: run the benchmark of the model first.";
  return regions.length === 0 ? { ...paint, hint } : paint;
}

/** What an op came from, as ONNX Runtime timed it. */
function byProfile(parts: PaintParts): Paint {
  const { profile } = parts;
  const paint = byNumber(
    parts,
    (nodes) => (profile && timeOfNodes(profile, nodes)) ?? NaN,
    (us) => timeText(us / 1000),
    `time in ONNX Runtime of the ONNX nodes an op came from${profile ? `, ${profile.file}` : ""}`,
  );
  return profile ? paint : { ...paint, hint: "No profile of ONNX Runtime yet." };
}

const sum = (nodes: readonly NodeRow[], what: "flops" | "bytes"): number =>
  nodes.length === 0 ? NaN : nodes.reduce((total, node) => total + (Number.isFinite(node[what]) ? node[what] : 0), 0);

function byNumber(
  parts: PaintParts,
  numberOf: (nodes: readonly NodeRow[]) => number,
  text: (value: number) => string,
  title: string,
): Paint {
  const { boxes, by } = parts;
  const values = new Float64Array(boxes.count).fill(NaN);
  let [low, high] = [Infinity, 0];
  for (let i = 0; i < boxes.firstGhost; i += 1) {
    const nodes = nodesOf(parts, i);
    const value = nodes.length > 0 ? numberOf(nodes) : NaN;
    values[i] = value;
    if (!Number.isFinite(value) || value <= 0) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = Math.log(high / low);
  const level = values.map((value) => (Number.isFinite(value) && value > 0 ? (span > 1e-9 ? Math.log(value / low) / span : 1) : NaN));
  const inks = [nothing, ...Array.from({ length: rampSteps }, (_, index): Ink => ({ kind: "ramp", index }))];
  const ink = Uint8Array.from(level, (part) => (Number.isNaN(part) ? 0 : 1 + Math.min(rampSteps - 1, Math.floor(part * rampSteps))));
  const words = Array.from(values, (value) => (Number.isFinite(value) && value > 0 ? text(value) : ""));
  const swatches = inks.slice(1).map((one, at) => ({ ink: one, label: "", count: ink.filter((step) => step === at + 1).length }));
  if (high === 0) return { by, inks, ink, words, level, swatches, hint: `Nothing here has a ${title.split(" ")[0]} that is known.` };
  return { by, inks, ink, words, level, swatches, scale: { low: text(low), high: text(high), title } };
}
