/** Tensors of a report as a table: a row goes to the node that makes the tensor. */
import type { TensorMaker } from "#protocol";
import type { App } from "../../app.ts";
import { select, showStage } from "../../actions.ts";
import { cutText } from "../../cut-text.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { dataTable } from "../bench/parts.ts";
import { revealInGraph } from "../graph/index.ts";

export interface Tensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly maker?: TensorMaker;
}

interface Column<T> {
  readonly title: string;
  readonly cell: (tensor: T) => string | HTMLElement;
  readonly left?: boolean;
}

/** Rows of one table; a report of a big model has thousands of tensors. */
const mostRows = 300;
/** Letters at the end of a name that stay when it is cut. */
const nameEnd = 16;

/** @param bad marks a row */
export function tensorTable<T extends Tensor>(
  app: App,
  caption: string,
  tensors: readonly T[],
  columns: readonly Column<T>[],
  bad: (tensor: T) => boolean = () => false,
): HTMLElement {
  const rows = tensors
    .slice(0, mostRows)
    .map((tensor) => [
      nameCell(app, tensor),
      `${tensor.dtype} ${tensor.shape.join("×")}`.trim(),
      ...columns.map(({ cell }) => cell(tensor)),
    ]);
  const heads = [{ title: "Tensor" }, { title: "In memory" }, ...columns.map(({ title, left }) => ({ title, numeric: left !== true }))];
  const table = dataTable(caption, heads, rows);
  table.querySelectorAll("tbody tr").forEach((row, i) => row.classList.toggle("tensor-bad", bad(tensors[i] as T)));
  if (tensors.length > mostRows) table.append(el("p", { class: "muted" }, t("and {0} more", tensors.length - mostRows)));
  return table;
}

function nameCell(app: App, { name, maker }: Tensor): HTMLElement {
  const text = cutText("tensor-name", visible(name), 0, nameEnd);
  if (!maker) return text;
  const link = linkButton("", () => goTo(app, maker.node), `${visible(name)}\n${madeBy(maker)}`);
  link.replaceChildren(text);
  return link;
}

/** Selects the node that makes a tensor, at a stage that has it. */
export function goTo(app: App, node: number): void {
  const { stage } = app.store.state;
  const last = app.trace.graphStages.at(-1);
  if (!app.trace.snapshot(stage).nodes.has(node) && last !== undefined) showStage(app, last);
  select(app, { nodes: [node] });
  revealInGraph([node]);
}

/** `matmul of #3, in group 2 matmul_relu, put there by recognise (recognise/gelu)` */
export function madeBy({ op, sources, pass, rule, group, groupName = "" }: TensorMaker): string {
  const where = group === undefined ? "" : t(", in group {0} {1}", group, visible(groupName));
  const by = t(", put there by {0}", `${visible(pass)}${rule === undefined ? "" : ` (${visible(rule)})`}`);
  return `${t("{0} of {1}", visible(op), visible(sources.slice(0, 8).join(", ")))}${where}${by}`;
}

/** An error as people read it: few digits. */
export function errorText(value: number): string {
  if (value === 0) return "0";
  return Number.isFinite(value) ? value.toExponential(1).replace("e+", "e") : String(value);
}
