/** Commands that the page carries out: stepping through the passes, fitting, marking changes, showing a thing. */
import * as vscode from "vscode";
import type { PanelCommand } from "#protocol";
import type { Feature } from "../services.ts";
import type { BufferItem, KernelItem, PassItem } from "./tree-items.ts";

const plain: Readonly<Record<string, PanelCommand>> = {
  nextPass: { name: "next-pass" },
  previousPass: { name: "previous-pass" },
  nextChanged: { name: "next-changed" },
  previousChanged: { name: "previous-changed" },
  fit: { name: "fit" },
  toggleDiff: { name: "toggle-diff" },
};

export const stepping: Feature = {
  activate({ context, registry }) {
    const register = (id: string, run: (...args: never[]) => void): number =>
      context.subscriptions.push(vscode.commands.registerCommand(`fusionscope.${id}`, run));
    const send = (command: PanelCommand): void => registry.active?.command(command);
    for (const [id, command] of Object.entries(plain)) register(id, () => send(command));
    register("showStage", (item: PassItem) => send({ name: "show-stage", stage: item.stage }));
    register("showNode", (item: KernelItem) =>
      send(item.node === undefined ? { name: "select-group", group: item.group } : { name: "select-node", node: item.node }),
    );
    register("showBuffer", (item: BufferItem) => send({ name: "select-buffer", buffer: item.buffer }));
  },
};
