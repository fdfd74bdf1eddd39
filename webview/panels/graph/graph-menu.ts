/** The menus of the graph: of what is under the pointer or selected, and the one of the toolbar. */
import { openMenu, type MenuItem } from "../../controls/index.ts";
import type { Follow } from "./follow.ts";

export type PictureKind = "svg" | "png";
export type PicturePart = "whole" | "view";

export interface MenuActions {
  /** Boxes are selected. */
  readonly canFollow: boolean;
  readonly following: boolean;
  readonly follow: (way: Follow | undefined) => void;
  readonly save: (kind: PictureKind, part: PicturePart) => void;
  readonly fit: () => void;
  /** Enters the graph inside of the selected node; absent where there is none. */
  readonly enter?: () => void;
  /** Name of the selected node, to copy. */
  readonly name?: string;
  /** Measures what is selected, or the model. */
  readonly benchmark: readonly MenuItem[];
  readonly attributes: { readonly on: boolean; readonly toggle: () => void };
  readonly whyNot?: { readonly on: boolean; readonly toggle: () => void };
}

export function openGraphMenu(actions: MenuActions, at: { readonly x: number; readonly y: number }): void {
  const { canFollow, following, follow, save, name, enter, attributes, whyNot } = actions;
  const needs = canFollow ? {} : { disabled: "Select a node first." };
  const followItems: MenuItem[] = [
    { label: "Follow upstream: what it is made from", key: "U", ...needs, run: () => follow("up") },
    { label: "Follow downstream: what is made from it", key: "D", ...needs, run: () => follow("down") },
  ];
  if (following) followItems.push({ label: "End following", key: "Esc", run: () => follow(undefined) });
  const node: MenuItem[] = [];
  if (enter) node.push({ label: "Enter the graph inside", key: "Enter", run: enter });
  if (name !== undefined && name !== "") node.push({ label: "Copy its name", run: () => void navigator.clipboard?.writeText(name) });
  openMenu(
    "Graph",
    [
      followItems,
      node,
      [...actions.benchmark],
      [
        { label: "Show the whole graph", key: "0", run: actions.fit },
        { label: "Attributes on nodes", checked: attributes.on, run: attributes.toggle },
        ...(whyNot ? [{ label: "Why not fused", checked: whyNot.on, run: whyNot.toggle }] : []),
      ],
      [
        { label: "Save the graph as SVG …", run: () => save("svg", "whole") },
        { label: "Save the graph as PNG …", run: () => save("png", "whole") },
        { label: "Save this view as SVG …", run: () => save("svg", "view") },
        { label: "Save this view as PNG …", run: () => save("png", "view") },
      ],
    ],
    at,
  );
}
