/** Which data a model is run on to look at values in the middle of it: asked for once, and anew by the command "Probe Values…". */
import path from "node:path";
import * as vscode from "vscode";
import type { ProbeData } from "#protocol";
import { coded } from "../coded-error.ts";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature } from "../services.ts";

/** What was chosen, and how it is called. */
export interface ChosenData {
  readonly data: ProbeData;
  readonly text: string;
}

export const probe: Feature = {
  activate({ context, registry, showError }) {
    const run = async (): Promise<void> => {
      const document = registry.active?.document;
      if (document === undefined) return;
      try {
        await document.open();
        const chosen = await chooseProbeData(document);
        if (chosen === undefined) return;
        document.probeData = chosen;
        const hint = vscode.l10n.t("Values are shown for {0}: select a node, and “values of a run” in its details.", chosen.text);
        void vscode.window.showInformationMessage(hint);
      } catch (error) {
        showError(error);
      }
    };
    context.subscriptions.push(vscode.commands.registerCommand("fusionscope.probeValues", run));
  },
};

/** Undefined when nobody chose. Throws `input-unknown` for files that no input is named after. */
export async function chooseProbeData(document: ModelDocument): Promise<ChosenData | undefined> {
  const ways = [
    { label: vscode.l10n.t("Random Numbers"), detail: vscode.l10n.t("The same ones every time"), way: "random" as const },
    { label: vscode.l10n.t("A Folder of Test Data…"), detail: "input_0.pb, input_1.pb, …", way: "folder" as const },
    {
      label: vscode.l10n.t("Files for Inputs…"),
      detail: vscode.l10n.t(".npy or .pb, named after the inputs; random numbers for the others"),
      way: "files" as const,
    },
  ];
  const picked = await vscode.window.showQuickPick(ways, {
    title: vscode.l10n.t("Probe Values: run {0} on", document.name),
    matchOnDetail: true,
  });
  if (picked === undefined) return undefined;
  if (picked.way === "random") return { data: {}, text: vscode.l10n.t("random numbers") };
  const place = document.uri.scheme === "file" ? { defaultUri: vscode.Uri.joinPath(document.uri, "..") } : {};
  if (picked.way === "folder") {
    const [folder] = (await vscode.window.showOpenDialog({ ...place, canSelectFolders: true, canSelectFiles: false })) ?? [];
    return folder === undefined ? undefined : { data: { folder: folder.fsPath }, text: path.basename(folder.fsPath) };
  }
  const filters = { [vscode.l10n.t("Tensors")]: ["npy", "pb"] };
  const files = await vscode.window.showOpenDialog({ ...place, filters, canSelectMany: true });
  if (files === undefined || files.length === 0) return undefined;
  const byInput = inputsOfFiles(
    files.map((f) => f.fsPath),
    document.inputNames(),
  );
  return { data: { files: byInput }, text: files.map((f) => path.basename(f.fsPath)).join(", ") };
}

/** Files by the inputs that they are named after; a single file is for the single input, whatever its name. */
export function inputsOfFiles(files: readonly string[], inputs: readonly string[]): Readonly<Record<string, string>> {
  const plain = (name: string): string => name.replace(/[^A-Za-z0-9]+/g, "_").toLowerCase();
  const [only] = files;
  if (only !== undefined && files.length === 1 && inputs.length === 1) return { [inputs[0]!]: only };
  return Object.fromEntries(
    files.map((file) => {
      const name = path.basename(file).replace(/\.(npy|pb)$/i, "");
      const number = /^input_(\d+)$/.exec(name)?.[1];
      const input = inputs.find((i) => i === name) ?? inputs.find((i) => plain(i) === plain(name)) ?? inputs[Number(number ?? NaN)];
      if (input === undefined) throw coded("input-unknown", { name: JSON.stringify(name), hint: "", inputs: inputs.join(", ") });
      return [input, file];
    }),
  );
}
