/** Commands that change the compile options of a model, and what follows from changed settings. */
import * as vscode from "vscode";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature, Services } from "../services.ts";
import { defaultOptions, touchesOptions, touchesWorker } from "../settings.ts";
import { withoutPass } from "../text/compare-choice.ts";
import { askAny, questions, type Ask } from "./option-questions.ts";
import { passOf } from "./tree-items.ts";

export const options: Feature = {
  activate(services) {
    const { context, registry } = services;
    const register = (id: string, run: (document: ModelDocument, row: unknown) => Promise<void>): void => {
      const guarded = async (row: unknown): Promise<void> => {
        const document = registry.active?.document;
        if (document !== undefined) await run(document, row).catch((error: unknown) => services.showError(error));
      };
      context.subscriptions.push(vscode.commands.registerCommand(`fusionscope.${id}`, guarded));
    };
    for (const [id, { ask }] of Object.entries(questions)) register(id, (document) => change(services, document, ask));
    register("setOptions", (document) =>
      change(services, document, () => askAny(document, vscode.l10n.t("Compile options of {0}", document.name))),
    );
    register("togglePass", async (document, row) => {
      const pass = passOf(row);
      if (pass === undefined) return;
      services.changeOptions(document, { ...document.options, without: withoutPass(document.options.without, pass) });
    });
    register("resetOptions", async (document) => services.changeOptions(document, defaultOptions(document.uri)));
    register("recompile", (document) => document.reload());
    register("restartCompiler", async (document) => document.restartCompiler());
    context.subscriptions.push(vscode.workspace.onDidChangeConfiguration((e) => followSettings(services, e)));
  },
};

async function change(services: Services, document: ModelDocument, ask: Ask): Promise<void> {
  await document.open();
  const answer = await ask(document);
  if (answer !== undefined) services.changeOptions(document, { ...document.options, ...answer });
}

/** Settings changed: what a model did not choose for itself follows them. */
function followSettings({ registry }: Services, e: vscode.ConfigurationChangeEvent): void {
  for (const document of registry.documents) {
    if (touchesWorker(e)) void document.reload();
    else if (touchesOptions(e, document.uri))
      void document.compile(registry.options.read(document.uri.toString(), defaultOptions(document.uri)));
  }
}
