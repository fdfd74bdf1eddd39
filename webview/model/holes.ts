/** What is not compiled, in words: which operator, why, and who runs it instead. */
import type { CompilationSummary, GroupInfo } from "#protocol";
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

/** What becomes of a node that the file has as it stands. */
export interface Fate {
  readonly kind: "called" | "nobody" | "later";
  /** In words: who runs it, or that a later pass compiles it. */
  readonly where: string;
  readonly why: string;
}

const words: Readonly<Record<Fate["kind"], string>> = {
  called: "left to ONNX Runtime",
  nobody: "cannot be run",
  later: "not compiled at this stage, but by the passes after it",
};

/** Undefined for what is compiled. A node may be cut out later than at the stage shown, or be compiled later: the last stage decides. */
export function fateOf({ hole, origin }: NodeRow, summary: CompilationSummary | undefined): Fate | undefined {
  const paths = new Set([...origin].map((index) => summary?.sources[index]?.path));
  const found = summary?.unsupported.find(({ node }) => paths.has(node));
  if (!hole && !found) return undefined;
  const called = hole?.called ?? summary?.holes?.some(({ nodes }) => nodes.some(({ node }) => node === found?.node)) === true;
  const kind = summary && !found ? "later" : called ? "called" : "nobody";
  return { kind, where: words[kind], why: found?.reason ?? hole?.reason ?? "" };
}

/** Why the work of a node is not known. */
export function unknownWork({ hole, op }: NodeRow): string {
  if (hole) return `work not known: ${visible(op)} is not compiled at this stage`;
  return "work not known: it depends on shapes that are not set yet";
}
