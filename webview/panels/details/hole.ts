/** A node that is not compiled: why, who runs it, and what the file says about it. */
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { holePlace, type Hole } from "../../model/holes.ts";
import { block, facts, type Fact } from "./blocks.ts";

export function holeBlock(hole: Hole): HTMLElement {
  const known: Fact[] = [
    ["Why", visible(hole.reason)],
    ["Where", holePlace(hole)],
    ["Operator", visible(hole.domain === "" ? hole.opType : `${hole.domain}.${hole.opType}`)],
  ];
  const attributes = hole.attributes.map((line) => el("li", {}, el("code", {}, visible(line))));
  return block("Not compiled", facts(known), attributes.length > 0 ? el("ul", { class: "plain" }, ...attributes) : undefined);
}
