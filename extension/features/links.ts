/** Copies a link to the shown model, stage, node and zoom, plain or for a report; opens such links. */
import * as vscode from "vscode";
import { coded } from "../coded-error.ts";
import type { OpenPanel } from "../document/registry.ts";
import { viewType } from "../editor/inspector-provider.ts";
import type { Feature, Services } from "../services.ts";
import { linkQuery, markdownLink, parseLink, roundedState, type Place } from "../text/link.ts";
import { stageTitle } from "../text/open-text.ts";
import { openedPanel } from "./opened-panel.ts";

export const links: Feature = {
  activate(services) {
    const { context, registry } = services;
    const handleUri = (uri: vscode.Uri): Promise<void> => follow(services, uri).catch((error: unknown) => services.showError(error));
    const copy = async (text: (panel: OpenPanel, link: string) => string): Promise<void> => {
      const panel = registry.active;
      if (panel === undefined) return;
      await vscode.env.clipboard.writeText(text(panel, linkTo(context.extension.id, placeOf(panel)).toString()));
      vscode.window.setStatusBarMessage(vscode.l10n.t("Link copied"), 3000);
    };
    context.subscriptions.push(
      vscode.window.registerUriHandler({ handleUri }),
      vscode.commands.registerCommand("fusionscope.copyLink", () => copy((_, link) => link)),
      vscode.commands.registerCommand("fusionscope.copyMarkdownLink", () => copy((panel, link) => markdownLink(wordsOf(panel), link))),
      // Not contributed: what a link does, for tests and other extensions.
      vscode.commands.registerCommand("fusionscope.openLink", handleUri),
    );
  },
};

/** @param id of the extension */
export const linkTo = (id: string, place: Place): vscode.Uri =>
  vscode.Uri.from({ scheme: vscode.env.uriScheme, authority: id, path: "/open", query: linkQuery(place) });

function placeOf({ document, selection, state }: OpenPanel): Place {
  const node = document.summary?.sources[selection.sources[0] ?? -1]?.path;
  return { model: document.uri.toString(), stage: selection.stage, node, state: shareable(state) };
}

/** The node is named by its path, which means the same wherever the model is compiled. */
function shareable(state: unknown): Place["state"] {
  const { nodes: _nodes, group: _group, ...rest } = roundedState(state) ?? {};
  return Object.keys(rest).length === 0 ? undefined : rest;
}

function wordsOf({ document, selection }: OpenPanel): string[] {
  const source = document.summary?.sources[selection.sources[0] ?? -1];
  return [
    document.name,
    stageTitle(document, selection.stage),
    source === undefined ? "" : `${source.opType} ${source.name || source.path}`,
  ];
}

async function follow(services: Services, uri: vscode.Uri): Promise<void> {
  const place = parseLink(uri.path, uri.query);
  if (typeof place === "string") throw coded("link-invalid", { what: place });
  const model = vscode.Uri.parse(place.model);
  await vscode.commands.executeCommand("vscode.openWith", model, viewType);
  const panel = await openedPanel(services.registry, model);
  await panel.document.ready("a link");
  goTo(panel, place);
}

/** Also a link without a node or a zoom goes to its stage. */
function goTo(panel: OpenPanel, { stage, node, state }: Place): void {
  const { document } = panel;
  const source = document.summary?.sources.findIndex(({ path }) => path === node) ?? -1;
  const nodes = [...document.graphAt(stage).nodes.values()].filter(({ origin }) => origin.includes(source)).map(({ id }) => id);
  if (state !== undefined) panel.restore({ ...state, stage, nodes });
  else {
    panel.command({ name: "show-stage", stage });
    if (source >= 0) panel.command({ name: "select-source", source });
  }
}
