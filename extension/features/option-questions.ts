/** A question for each compile option, by quick picks and input boxes: asked to change a model's options, or to compare with others. */
import * as vscode from "vscode";
import type { PanelOptions } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import { plain, plainNotice, plainPick } from "../text/plain.ts";

/** The options that an answer changes; undefined: no answer. */
export type Change = Partial<PanelOptions> | undefined;
export type Ask = (document: ModelDocument) => Promise<Change>;

/** Command and question of each option; a question that is not answered gives undefined. */
export const questions: Readonly<
  Record<string, { readonly title: () => string; readonly now: (d: ModelDocument) => string; readonly ask: Ask }>
> = {
  setIsa: {
    title: () => vscode.l10n.t("ISA"),
    now: ({ options, isa }) => (options.isa === isa ? isa : `${options.isa} (${isa})`),
    ask: askIsa,
  },
  setThreads: { title: () => vscode.l10n.t("Threads"), now: ({ options }) => String(options.threads), ask: askThreads },
  setPrecision: { title: () => vscode.l10n.t("Precision"), now: ({ options }) => options.precision, ask: askPrecision },
  setDims: {
    title: () => vscode.l10n.t("Dimensions"),
    now: ({ dims }) => plainPick(dims.map((dim) => `${dim.name} = ${dim.value}`).join(", ")),
    ask: askDims,
  },
  setPasses: { title: () => vscode.l10n.t("Passes switched off"), now: ({ options }) => options.without.join(", "), ask: askPasses },
};

/** Which option, then its question. @param title of the list of options */
export async function askAny(document: ModelDocument, title: string): Promise<Change> {
  await document.open();
  const items = Object.values(questions).map(({ title, now, ask }) => ({ label: title(), description: now(document), ask }));
  const picked = await vscode.window.showQuickPick(items, { title });
  return picked?.ask(document);
}

async function askIsa({ machine, options }: ModelDocument): Promise<Change> {
  const items = [
    { label: "auto", description: machine?.autoIsa ?? "" },
    ...(machine?.isas ?? []).map(({ name, missing }) => ({
      label: name,
      description: missing.length === 0 ? "" : vscode.l10n.t("to look at only: this machine lacks {0}", missing.join(", ")),
    })),
  ].map((item) => ({ ...item, picked: item.label === options.isa }));
  const picked = await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Instruction set of the generated code") });
  return picked && { isa: picked.label };
}

async function askThreads({ machine, options }: ModelDocument): Promise<Change> {
  const most = machine?.maxThreads ?? 1;
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t("Threads (this machine has {0})", most),
    value: String(options.threads),
    validateInput: (value) =>
      /^\d{1,3}$/.test(value.trim()) && Number(value) >= 1 && Number(value) <= 256
        ? undefined
        : vscode.l10n.t("A whole number from 1 to 256"),
  });
  return text === undefined ? undefined : { threads: Number(text) };
}

async function askPrecision(): Promise<Change> {
  const items = [
    { label: "f32" as const, description: vscode.l10n.t("f32 products") },
    { label: "bf16" as const, description: vscode.l10n.t("bf16 products, f32 sums") },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Arithmetic of f32 models") });
  return picked && { precision: picked.label };
}

async function askDims({ dims, options, name }: ModelDocument): Promise<Change> {
  if (dims.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("All dimensions of {0} are fixed.", plainNotice(name)));
    return undefined;
  }
  const items = dims.map((dim) => ({
    label: plainPick(dim.name),
    description: `${dim.value}${dim.source === "default" ? ` (${vscode.l10n.t("default")})` : ""}`,
    dim,
  }));
  const picked = items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Dimension to set") });
  if (picked === undefined) return undefined;
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t("Extent of {0}", plain(picked.dim.name)),
    value: String(picked.dim.value),
    validateInput: (value) => (/^[1-9]\d{0,8}$/.test(value.trim()) ? undefined : vscode.l10n.t("A whole number above 0")),
  });
  return text === undefined ? undefined : { dims: { ...options.dims, [picked.dim.name]: Number(text) } };
}

async function askPasses({ machine, options }: ModelDocument): Promise<Change> {
  const optional = (machine?.passes ?? []).filter((pass) => pass.optional);
  const items = optional.map((pass) => ({ label: pass.name, detail: pass.why, picked: !options.without.includes(pass.name) }));
  const picked = await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Optional passes that run"), canPickMany: true });
  return picked && { without: items.filter((item) => !picked.includes(item)).map((item) => item.label) };
}
