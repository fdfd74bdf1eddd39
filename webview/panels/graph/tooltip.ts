/** What the pointer is over, in a few lines of text. */
import type { App } from "../../app.ts";
import { el, fill } from "../../dom.ts";
import type { Hit } from "../../draw/hit.ts";
import type { Scene } from "../../draw/scene.ts";
import { valueOfKey, valueText } from "../../model/boxes.ts";
import { changeLines } from "../../model/change-text.ts";
import { flopsText, visible } from "../../model/format.ts";
import { isNothingToFuse } from "../../model/fusion-verdicts.ts";
import { describeCluster, describeEdge, describeFrame } from "./cluster-tip.ts";
import { fateOf, templateText, unknownWork } from "../../model/holes.ts";

export function describeHit(app: App, hit: Hit, scene: Scene | undefined): readonly string[] {
  const snapshot = app.shown();
  if (hit.kind === "box" && hit.key < 0) {
    const value = snapshot.values.get(valueOfKey(hit.key));
    return value ? [visible(value.name), valueText(value)] : [];
  }
  if (hit.kind === "box" && scene?.boxes.clusters.has(hit.key)) return describeCluster(app, scene, hit.key);
  if (hit.kind === "frame" && scene) return describeFrame(scene, hit.frame);
  if (hit.kind === "box") {
    const node = snapshot.nodes.get(hit.key);
    if (!node) return describeRemoved(app, hit.key);
    const outputs = [...node.outputs].map((value) => `→ ${valueText(snapshot.values.get(value))}`);
    const work = Number.isFinite(node.flops) ? (node.flops > 0 ? [flopsText(node.flops)] : []) : [unknownWork(node)];
    const fate = fateOf(node, app.store.state.summary);
    const hole = fate === undefined ? [] : [fate.kind === "later" ? fate.where : `${fate.where}: ${visible(fate.why)}`];
    const differs = app.store.state.compare === "off" ? [] : changeLines(app.trace, app.store.state.stage, node.id);
    return [
      `${visible(node.op)}  #${node.id}`,
      ...(node.name === "" ? [] : [visible(node.name)]),
      ...hole,
      ...outputs,
      ...work,
      ...differs,
    ];
  }
  if (hit.kind === "group") {
    const group = snapshot.groups.find(({ id }) => id === hit.group);
    return group ? [`group ${group.id}: ${visible(group.name)}`, `${templateText(group.template)}, ${group.members.length} ops`] : [];
  }
  if (hit.kind === "edge" && scene) {
    const value = describeEdge(app, scene, hit.edge);
    const rejected = scene.rejected.find(({ edge }) => edge === hit.edge);
    if (!rejected) return [value];
    return [
      isNothingToFuse(rejected) ? "nothing to fuse" : "not fused",
      rejected.because.replace(/^[a-z ]+: /, ""),
      ...rejected.facts,
      value,
    ];
  }
  return [];
}

function describeRemoved(app: App, id: number): readonly string[] {
  const node = app.trace.snapshot(app.trace.baseOf(app.store.state.stage)).nodes.get(id);
  return node ? [`removed: ${node.op}  #${node.id}`, visible(node.name)] : [];
}

/** Lines beside the pointer, inside of `frame`. */
export class Tooltip {
  readonly element = el("div", { class: "tooltip", role: "tooltip", hidden: true });

  show(lines: readonly string[], frame: HTMLElement, { clientX, clientY }: MouseEvent): void {
    this.element.hidden = lines.length === 0;
    frame.style.cursor = lines.length > 0 ? "pointer" : "";
    if (lines.length === 0) return;
    fill(this.element, ...lines.map((line, i) => el("div", { class: i === 0 ? "tip-title" : "tip-line" }, line)));
    const bounds = frame.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = this.element;
    const x = Math.min(clientX - bounds.left + 14, bounds.width - offsetWidth - 8);
    const y = clientY - bounds.top + 16;
    this.element.style.left = `${Math.max(4, x)}px`;
    this.element.style.top = `${y + offsetHeight > bounds.height ? y - offsetHeight - 26 : y}px`;
  }
}
