/** Comparisons: the model shown with another one, or with another compilation of itself. The page draws them; here is where they begin and end. */
import * as vscode from "vscode";
import type { OpenPanel } from "../document/registry.ts";
import { viewType } from "../editor/inspector-provider.ts";
import type { Feature, Services } from "../services.ts";
import { plainPick } from "../text/plain.ts";
import { optionsForOther, otherOptions, twoModels, withoutPass } from "../text/compare-choice.ts";
import { openedPanel } from "./opened-panel.ts";
import { askAny, type Change } from "./option-questions.ts";
import { passOf } from "./tree-items.ts";

export const compare: Feature = {
  activate(services) {
    const register = (id: string, run: (...args: never[]) => Promise<void>): void => {
      const guarded = (...args: never[]): Promise<void> => run(...args).catch((error: unknown) => services.showError(error));
      services.context.subscriptions.push(vscode.commands.registerCommand(`fusionscope.${id}`, guarded));
    };
    register("compareModels", (clicked: unknown, selected: unknown) => compareModels(services, uriOf(clicked), urisOf(selected)));
    register("compareWithModel", (target: unknown) => compareWithModel(services, uriOf(target)));
    register("compareWithOptions", () => compareWithOptions(services));
    register("compareWithoutPass", (row: unknown) => compareWithoutPass(services, row));
    register("endComparison", async () => services.registry.active?.endComparison());
  },
};

/** Menus give addresses, or anything when another extension calls. */
const uriOf = (value: unknown): vscode.Uri | undefined => (value instanceof vscode.Uri ? value : undefined);
const urisOf = (value: unknown): vscode.Uri[] => (Array.isArray(value) ? value.flatMap((one: unknown) => uriOf(one) ?? []) : []);

/** Two files of the Explorer. */
async function compareModels(services: Services, clicked: vscode.Uri | undefined, selected: readonly vscode.Uri[]): Promise<void> {
  const [own, other] = twoModels(
    (clicked ?? selected[0])?.toString() ?? "",
    selected.map((uri) => uri.toString()),
  );
  await compareWith(services, await shown(services, vscode.Uri.parse(own)), vscode.Uri.parse(other));
}

/** The model of the editor, or one file of the Explorer, with a file that is asked for. */
async function compareWithModel(services: Services, target: vscode.Uri | undefined): Promise<void> {
  const panel = target === undefined ? services.registry.active : await shown(services, target);
  if (panel === undefined) return;
  const other = await askModel(panel.document.uri);
  if (other === undefined) return;
  twoModels(panel.document.uri.toString(), [other.toString()]);
  await compareWith(services, panel, other);
}

async function shown({ registry }: Services, model: vscode.Uri): Promise<OpenPanel> {
  await vscode.commands.executeCommand("vscode.openWith", model, viewType);
  return openedPanel(registry, model);
}

/** Models of the workspace first; any other by the dialog. */
async function askModel(own: vscode.Uri): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles("**/*.onnx", "**/node_modules/**", 200);
  const others = found.filter((uri) => uri.toString() !== own.toString()).sort((a, b) => a.path.localeCompare(b.path));
  const browse = { label: vscode.l10n.t("Another file…"), uri: undefined };
  const items = others.map((uri) => ({
    label: plainPick(uri.path.split("/").at(-1) ?? ""),
    description: plainPick(vscode.workspace.asRelativePath(uri)),
    uri,
  }));
  const title = vscode.l10n.t("Compare with which model?");
  const picked = items.length === 0 ? browse : await vscode.window.showQuickPick([...items, browse], { title, matchOnDescription: true });
  if (picked === undefined || picked.uri !== undefined) return picked?.uri;
  return (await vscode.window.showOpenDialog({ filters: { ONNX: ["onnx"] }, title }))?.[0];
}

async function compareWith({ registry }: Services, panel: OpenPanel, model: vscode.Uri): Promise<void> {
  const own = panel.document.options;
  const other = registry.detached(model, { ...own, dims: {} });
  // Which dimensions it has is known once it was read; that it cannot be read is for the comparison to say.
  await other.open().catch(() => {});
  other.options = optionsForOther(
    own,
    other.dims.map(({ name }) => name),
  );
  panel.compare(other);
}

async function compareWithOptions({ registry }: Services): Promise<void> {
  const panel = registry.active;
  if (panel === undefined) return;
  const { document } = panel;
  const change: Change = await askAny(document, vscode.l10n.t("Compare {0} with a compilation that differs in", document.name));
  if (change !== undefined) panel.compare(registry.detached(document.uri, otherOptions(document.options, change)));
}

/** A row of the Passes view: what the pass does to the code is what is different without it. */
async function compareWithoutPass({ registry }: Services, row: unknown): Promise<void> {
  const panel = registry.active;
  const pass = passOf(row);
  if (panel === undefined || pass === undefined) return;
  const { options } = panel.document;
  panel.compare(registry.detached(panel.document.uri, otherOptions(options, { without: withoutPass(options.without, pass) })));
}
