/** Links to a place in a model: `vscode://fusionscope.fusionscope/open?model=URI&stage=3&node=#12&state={...}`. Pure text: no `vscode` here. */

import { plain } from "./plain.ts";

export interface Place {
  /** Address of the model's file. */
  readonly model: string;
  readonly stage: number;
  /** Path of an ONNX node, such as `#12`. */
  readonly node?: string;
  /** What the page keeps of itself: view, zoom, colours. The page checks it. */
  readonly state?: Readonly<Record<string, unknown>>;
}

/** Characters of a state in a link: they must fit into what mail programs and chats take for one link. */
const longestState = 1500;

/** The query of a link. */
export function linkQuery(place: Place): string {
  const query = new URLSearchParams({ model: place.model, stage: String(place.stage) });
  if (place.node !== undefined) query.set("node", place.node);
  const state = place.state === undefined ? "" : JSON.stringify(place.state);
  if (state !== "" && state.length <= longestState) query.set("state", state);
  return query.toString();
}

/** What a link asks for, or what is wrong with it. Links come from anywhere: only `.onnx` files are ever opened. */
export function parseLink(path: string, query: string): Place | string {
  if (path !== "/open") return `${path} is not a command`;
  const read = new URLSearchParams(query);
  const model = read.get("model");
  if (model === null || !/^[a-z][a-z0-9+.-]*:\/\//i.test(model) || !URL.canParse(model)) return "it names no model";
  if (!/\.onnx$/i.test(new URL(model).pathname)) return "it does not name an .onnx file";
  const stage = Number(read.get("stage") ?? 0);
  if (!Number.isInteger(stage) || stage < 0) return "its stage is not a number";
  const node = read.get("node");
  const state = parseState(read.get("state"));
  return { model, stage, ...(node === null ? {} : { node }), ...(state === undefined ? {} : { state }) };
}

/** Rounded to what a screen shows, so that a link stays short. */
export const roundedState = (state: unknown): Readonly<Record<string, unknown>> | undefined =>
  parseState(
    JSON.stringify(state, (_key, value: unknown) =>
      typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value,
    ),
  );

/** A state that is not one is left out: the rest of the link is still good. */
function parseState(text: string | null | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === null || text === undefined) return undefined;
  try {
    const state = JSON.parse(text) as unknown;
    return typeof state === "object" && state !== null && !Array.isArray(state) ? (state as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A link for a report. Names of models and nodes are text in it. */
export function markdownLink(words: readonly string[], link: string): string {
  const text = words
    .filter((word) => word !== "")
    .map((word) => plain(word.replace(/\s+/g, " ")).replace(/[\\`*_{}[\]()#+\-.!<>|~&]/g, "\\$&"));
  return `[${text.join(" › ")}](<${link.replaceAll("<", "%3C").replaceAll(">", "%3E")}>)`;
}
