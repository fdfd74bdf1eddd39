/** The way to a graph inside of the model: back along it, and over to the other graphs of the same node. */
import type { App } from "../../app.ts";
import { enterBody, leaveBody } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { bodiesByNode, bodyTitle } from "../../model/bodies.ts";
import { visible } from "../../model/format.ts";
import type { State } from "../../store.ts";

export function wayTo(app: App, { bodies, summary }: State): HTMLElement[] {
  const sources = summary?.sources ?? [];
  const arrow = (): HTMLElement => el("span", { class: "muted", attrs: { "aria-hidden": "true" } }, "›");
  const way: HTMLElement[] = [linkButton("whole graph", () => leaveBody(app, 0), "Back to the graph (Backspace)")];
  bodies.forEach((path, depth) => {
    const title = visible(bodyTitle(path, sources));
    const here = depth === bodies.length - 1;
    way.push(arrow(), here ? el("strong", {}, title) : linkButton(title, () => leaveBody(app, depth + 1)));
  });
  const shown = bodies[bodies.length - 1] ?? "";
  const siblings = [...bodiesByNode(sources).values()].find((list) => list.some(({ path }) => path === shown)) ?? [];
  const others = siblings
    .filter(({ path }) => path !== shown)
    .map(({ name, path }) => linkButton(`${visible(name)}`, () => void enterBody(app, path), "The other graph of the same node"));
  return [
    ...way,
    ...others.flatMap((other) => [el("span", { class: "muted" }, "also"), other]),
    el("span", { class: "why" }, "as the file has it; ONNX Runtime or an inlined copy computes it"),
  ];
}
