/** Commands that the page carries out: stepping through the passes, fitting, marking changes, showing a thing. */
import * as vscode from "vscode";
import type { PanelCommand } from "#protocol";
import type { Feature } from "../services.ts";
import type { BufferItem, KernelItem, PassItem } from "./tree-items.ts";

const steps = {
  nextPass: "next-pass",
  previousPass: "previous-pass",
  nextChanged: "next-changed",
  previousChanged: "previous-changed",
} as const;

const plain: Readonly<Record<string, PanelCommand>> = {
  fit: { name: "fit" },
  toggleDiff: { name: "toggle-diff" },
};

/** What the manifest's keys give as argument: a page with the focus has stepped already when the command for the key comes. */
const byKey = "key";

export const stepping: Feature = {
  activate({ context, registry }) {
    const register = (id: string, run: (...args: never[]) => void): number =>
      context.subscriptions.push(vscode.commands.registerCommand(`fusionscope.${id}`, run));
    const send = (command: PanelCommand): void => registry.active?.command(command);
    for (const [id, command] of Object.entries(plain)) register(id, () => send(command));
    for (const [id, name] of Object.entries(steps)) register(id, (from?: unknown) => send({ name, key: from === byKey }));
    register("showStage", (item: PassItem) => send({ name: "show-stage", stage: item.stage }));
    register("showNode", (item: KernelItem) =>
      send(item.node === undefined ? { name: "select-group", group: item.group } : { name: "select-node", node: item.node }),
    );
    register("showBuffer", (item: BufferItem) => send({ name: "select-buffer", buffer: item.buffer }));
  },
};
