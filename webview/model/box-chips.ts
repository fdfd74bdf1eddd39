/** The lines below a node's name: graphs inside of it, its attributes where they are wanted, the constants it reads. */
import { tail } from "./format.ts";
import type { NodeRow } from "./trace.ts";

const maxConstants = 3;
const maxAttributes = 4;
const longestAttribute = 30;

/** What a line is, told by how it begins. */
export const insideSign = "▸";
export const attributeSign = "·";

export const noChips: readonly string[] = [];

/** `▸ then_branch: 5 nodes` for each graph that a node of the file has as an attribute. */
export function graphsInside({ hole, attrs }: NodeRow): readonly string[] {
  if (!attrs.includes("graph of ")) return noChips;
  const lines = hole ? hole.attributes : attributeLines(attrs);
  return lines.flatMap((line) => {
    const parts = /^(.+) = graph of (\d+) nodes$/.exec(line);
    return parts ? [`${insideSign} ${tail(parts[1] ?? "", 20)}: ${parts[2]} nodes`] : [];
  });
}

/** `· axis = -1`; what is long is in the details only. */
export function attributeChips({ hole, attrs }: NodeRow): readonly string[] {
  const lines = (hole ? hole.attributes : attributeLines(attrs)).filter((line) => !line.includes("graph of "));
  const short = lines.filter((line) => line.length <= longestAttribute).slice(0, maxAttributes);
  const rest = lines.length - short.length;
  return [...short.map((line) => `${attributeSign} ${line}`), ...(rest > 0 ? [`${attributeSign} ${rest} more`] : [])];
}

function attributeLines(attrs: string): readonly string[] {
  try {
    return Object.entries(JSON.parse(attrs || "{}") as object).map(([name, value]) => `${name} = ${attributeText(value)}`);
  } catch {
    return noChips;
  }
}

const attributeText = (value: unknown): string => (Array.isArray(value) ? `[${value.join(", ")}]` : String(value));

export function constantChips(texts: readonly string[]): readonly string[] {
  if (texts.length <= maxConstants) return texts;
  return [...texts.slice(0, maxConstants - 1), `+${texts.length - maxConstants + 1} constants`];
}
