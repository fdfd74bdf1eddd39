/** Commands that open IR, C++ and assembly, of a stage or at a kernel, and compare stages. */
import * as vscode from "vscode";
import type { KernelInfo, TextKind, TextReply } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { OpenPanel } from "../document/registry.ts";
import type { Feature, Services } from "../services.ts";
import { openSelectionText, openStageDiff, openStageText, stageTitle } from "../text/open-text.ts";
import type { KernelItem, PassItem } from "./tree-items.ts";

type Target = PassItem | KernelItem | undefined;

export const texts: Feature = {
  activate(services) {
    const register = (id: string, run: (panel: OpenPanel, target: Target) => Promise<void>): void => {
      const guarded = async (target: unknown): Promise<void> => {
        const panel = services.registry.active;
        if (panel === undefined) return;
        // Menus of an editor's title pass the address of the file.
        await run(panel, isRow(target) ? target : undefined).catch((error: unknown) => services.showError(error));
      };
      services.context.subscriptions.push(vscode.commands.registerCommand(`fusionscope.${id}`, guarded));
    };
    register("openIr", (panel, target) => open(panel, "ir", target));
    register("openCpp", (panel, target) => open(panel, "cpp", target));
    register("openAsm", (panel, target) => openAssembly(services, panel, target));
    register("diffWithPrevious", ({ document, selection }, target) => {
      const stage = stageOf(target) ?? selection.stage;
      return openStageDiff(document, Math.max(0, stage - 1), stage);
    });
    register("diffStages", ({ document }) => diffStages(document));
    register("describeSelection", ({ document, selection }) => openSelectionText(document, selection));
  },
};

const isRow = (target: unknown): target is PassItem | KernelItem =>
  typeof target === "object" && target !== null && ("stage" in target || "group" in target);
const stageOf = (target: Target): number | undefined => (target !== undefined && "stage" in target ? target.stage : undefined);

async function open({ document, selection }: OpenPanel, kind: TextKind, target: Target): Promise<void> {
  const summary = await document.ready("this text");
  const kernel = kernelOf(summary.kernels, target);
  const last = summary.passes.at(-1)?.index ?? 0;
  const stage = stageOf(target) ?? (kind !== "ir" || kernel !== undefined ? last : selection.stage);
  const line = kind === "ir" ? kernel?.irLines[0] : kind === "cpp" ? kernel?.cppLines[0] : undefined;
  await openStageText(document, kind, stage, line);
}

/** Assembly needs the native build, which takes seconds: with progress, and a way out. */
async function openAssembly({ registry }: Services, panel: OpenPanel, target: Target): Promise<void> {
  const { document } = panel;
  const summary = await document.ready("this text");
  const stage = summary.passes.at(-1)?.index ?? 0;
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t("Building {0}", document.name),
    cancellable: true,
  };
  const line = await vscode.window.withProgress(options, async (_, token) => {
    const stop = new AbortController();
    token.onCancellationRequested(() => stop.abort());
    const reply = await document.text("asm", stage, stop.signal);
    return assemblyLine(reply, kernelOf(summary.kernels, target));
  });
  if (registry.documents.includes(document)) await openStageText(document, "asm", stage, line);
}

/** Where a kernel's code begins; without a kernel, where running begins. Lines count from 1, 0: nowhere. */
function assemblyLine({ lines, source }: TextReply, kernel: KernelInfo | undefined): number {
  if (kernel === undefined) return lines.findIndex((text) => text.startsWith("fs_run")) + 1;
  const [first, last] = kernel.cppLines;
  return (source ?? new Int32Array()).findIndex((cpp) => cpp >= first && cpp <= last) + 1;
}

const kernelOf = (kernels: readonly KernelInfo[], target: Target): KernelInfo | undefined =>
  target !== undefined && "group" in target ? kernels.find((kernel) => kernel.group === target.group) : undefined;

async function diffStages(document: ModelDocument): Promise<void> {
  const { passes } = await document.ready("comparing");
  const items = passes
    .filter((pass) => pass.status === "changed")
    .map((pass) => ({ label: stageTitle(document, pass.index), description: `${pass.opsBefore} → ${pass.opsAfter}`, stage: pass.index }));
  const left = await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Compare IR of two stages: the first") });
  if (left === undefined) return;
  const right = await vscode.window.showQuickPick(
    items.filter((item) => item.stage > left.stage),
    { title: vscode.l10n.t("{0}, compared with", left.label) },
  );
  if (right !== undefined) await openStageDiff(document, left.stage, right.stage);
}
