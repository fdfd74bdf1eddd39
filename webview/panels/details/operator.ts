/** What an operator does: of the graph, and of the file that it comes from. */
import type { App } from "../../app.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import type { NodeRow } from "../../model/trace.ts";
import { facts, fold, type Fact } from "./blocks.ts";

/** Domains that have pages in the specification, with the part of the address that names them. */
const specified: Readonly<Record<string, string>> = {
  "": "onnx__",
  "ai.onnx": "onnx__",
  "ai.onnx.ml": "onnx_aionnxml_",
  "ai.onnx.preview.training": "onnx_aionnxpreviewtraining_",
};

export function operatorFold(app: App, node: NodeRow): HTMLElement {
  const { hello, summary } = app.store.state;
  const doc = node.hole ? undefined : hello?.opDocs?.[node.op];
  const sources = [...node.origin].map((index) => summary?.sources[index]).filter((source) => source !== undefined);
  const types = [...new Map(sources.map(({ opType, domain }) => [`${domain}.${opType}`, { opType, domain }])).values()];
  const rows = (list: readonly (readonly [string, string])[]): Fact[] => list.map(([name, what]) => [visible(name), what]);
  return fold(
    "operator",
    "About the operator",
    false,
    doc && el("p", {}, doc.what),
    doc && part("Operands", rows(doc.operands)),
    doc && part("Results", rows(doc.results)),
    doc && part("Attributes", rows(doc.attributes)),
    part(
      "ONNX",
      types.slice(0, 6).map(({ opType, domain }): Fact => {
        const version = hello?.opsets?.[domain];
        return [visible(opType), specification(opType, domain, version)];
      }),
    ),
  );
}

function part(title: string, list: readonly Fact[]): HTMLElement | undefined {
  return list.length === 0 ? undefined : el("div", {}, el("h4", {}, title), facts(list));
}

/** Domain, operator set of the model, and where the specification of the operator stands. */
function specification(opType: string, domain: string, version: number | undefined): HTMLElement {
  const shown = el("span", {}, `${visible(domain || "ai.onnx")}${version === undefined ? "" : ` ${version}`}`);
  const prefix = specified[domain];
  if (prefix === undefined || !/^\w+$/.test(opType)) return shown;
  const href = `https://onnx.ai/onnx/operators/${prefix}${opType}.html`;
  shown.append(" · ", el("a", { attrs: { href, rel: "noreferrer" }, title: href }, "specification"));
  return shown;
}
