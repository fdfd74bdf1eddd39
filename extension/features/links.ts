/** Copies a link to the shown model, stage and node; opens such links. */
import * as vscode from "vscode";
import type { PanelCommand } from "#protocol";
import { coded } from "../coded-error.ts";
import type { OpenPanel } from "../document/registry.ts";
import { viewType } from "../editor/inspector-provider.ts";
import type { Feature, Services } from "../services.ts";
import { linkQuery, parseLink, type Place } from "../text/link.ts";

export const links: Feature = {
  activate(services) {
    const { context, registry } = services;
    const handleUri = (uri: vscode.Uri): Promise<void> => follow(services, uri).catch((error: unknown) => services.showError(error));
    context.subscriptions.push(
      vscode.window.registerUriHandler({ handleUri }),
      vscode.commands.registerCommand("fusionscope.copyLink", async () => {
        if (registry.active === undefined) return;
        await vscode.env.clipboard.writeText(await linkTo(registry.active, context.extension.id));
        vscode.window.setStatusBarMessage(vscode.l10n.t("Link copied"), 3000);
      }),
      // Not contributed: what a link does, for tests and other extensions.
      vscode.commands.registerCommand("fusionscope.openLink", handleUri),
    );
  },
};

async function linkTo({ document, selection }: OpenPanel, id: string): Promise<string> {
  const node = document.summary?.sources[selection.sources[0] ?? -1]?.path;
  const query = linkQuery({ model: document.uri.toString(), stage: selection.stage, node });
  return vscode.Uri.from({ scheme: vscode.env.uriScheme, authority: id, path: "/open", query }).toString();
}

async function follow(services: Services, uri: vscode.Uri): Promise<void> {
  const place = parseLink(uri.path, uri.query);
  if (typeof place === "string") throw coded("link-invalid", { what: place });
  const model = vscode.Uri.parse(place.model);
  await vscode.commands.executeCommand("vscode.openWith", model, viewType);
  const panel = await openedPanel(services, model);
  await panel.document.ready("a link");
  for (const command of commandsFor(panel, place)) panel.command(command);
}

/** VS Code resolves `openWith` before or after it asked for the editor, by version. */
async function openedPanel({ registry }: Services, model: vscode.Uri): Promise<OpenPanel> {
  for (let tries = 0; tries < 100; tries++) {
    const panel = registry.active;
    if (panel?.document.uri.toString() === model.toString()) return panel;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw coded("link-invalid", { what: `${model.toString(true)} did not open` });
}

function commandsFor({ document }: OpenPanel, place: Place): PanelCommand[] {
  const source = document.summary?.sources.findIndex(({ path }) => path === place.node) ?? -1;
  const select: PanelCommand[] = source < 0 ? [] : [{ name: "select-source", source }];
  return [{ name: "show-stage", stage: place.stage }, ...select];
}
