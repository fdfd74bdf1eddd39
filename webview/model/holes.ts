/** What is not compiled, in words: which operator, why, and who runs it instead. */
import type { GroupInfo } from "#protocol";
import { visible } from "./format.ts";
import type { NodeRow } from "./trace.ts";

export interface Hole {
  readonly opType: string;
  readonly domain: string;
  readonly reason: string;
  /** ONNX Runtime runs it; otherwise nobody does, and there is no code for the model. */
  readonly called: boolean;
  /** `name = value` of its ONNX attributes. */
  readonly attributes: readonly string[];
}

/** The template of a group that is one call of ONNX Runtime. */
const holeTemplate = "hole";

export const isHoleGroup = ({ template }: GroupInfo): boolean => template === holeTemplate;
export const templateText = (template: string): string => (template === holeTemplate ? "ONNX Runtime" : template);

/** Reads the attributes of an opaque node. */
export function holeOf(attrs: string): Hole {
  const { opType, domain, reason, source, attributes } = parsed(attrs);
  return {
    opType: text(opType, "opaque"),
    domain: text(domain, ""),
    reason: text(reason, "no reason was given"),
    called: source !== undefined,
    attributes: Array.isArray(attributes) ? attributes.map(String) : [],
  };
}

function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const text = (value: unknown, otherwise: string): string => (typeof value === "string" && value !== "" ? value : otherwise);

export const holePlace = ({ called }: Pick<Hole, "called">): string => (called ? "left to ONNX Runtime" : "cannot be run");

/** The second line of its box. */
export const holeSubtitle = (hole: Hole, name: string): string =>
  [hole.called ? "ONNX Runtime" : "cannot be run", ...(name === "" ? [] : [name])].join(" · ");

/** Why the work of a node is not known. */
export function unknownWork({ hole, op }: NodeRow): string {
  if (hole) return `work not known: ${visible(op)} is not compiled`;
  return "work not known: it depends on shapes that are not set yet";
}
