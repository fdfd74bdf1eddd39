/** Benchmarks: started by a command or by the page, with progress that can be called off; the result goes to the page and the status bar. */
import * as vscode from "vscode";
import type { BenchResult, BenchScope, PanelRequests } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { Feature } from "../services.ts";
import { digits, time } from "../text/numbers.ts";
import { plainNotice } from "../text/plain.ts";
import type { BenchReply, Progress } from "../worker/messages.ts";
import type { KernelItem } from "./tree-items.ts";

export const benchmark: Feature = {
  activate({ context, registry }) {
    const send = (scope: (item: KernelItem | undefined) => BenchScope | undefined) => (item: KernelItem | undefined) => {
      const chosen = scope(item);
      if (chosen !== undefined) registry.active?.command({ name: "bench", scope: chosen });
    };
    const register = (id: string, run: (item: KernelItem | undefined) => void): number =>
      context.subscriptions.push(vscode.commands.registerCommand(`fusionscope.${id}`, run));
    register(
      "benchmark",
      send(() => ({ kind: "model" })),
    );
    register(
      "benchmarkGroup",
      send((item) => (item?.group === undefined ? undefined : { kind: "group", group: item.group })),
    );
    register(
      "benchmarkSelection",
      send(() => ({ kind: "nodes", nodes: registry.active?.selection.sources ?? [] })),
    );
  },
};

/** Runs a benchmark with a notification around it; `signal` is the page's cancel. */
export async function runBenchmark(
  log: vscode.LogOutputChannel,
  document: ModelDocument,
  arg: PanelRequests["bench"]["arg"],
  signal?: AbortSignal,
  report?: (p: Progress) => void,
): Promise<BenchResult> {
  const stop = new AbortController();
  signal?.addEventListener("abort", () => stop.abort(), { once: true });
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: vscode.l10n.t("Benchmark of {0}", plainNotice(scopeName(document, arg.scope))),
    cancellable: true,
  };
  const reply = await vscode.window.withProgress(options, (progress, token) => {
    token.onCancellationRequested(() => stop.abort());
    let done = 0;
    return document.bench(arg, stop.signal, (step) => {
      report?.(step);
      const increment = step.done === null ? undefined : Math.max(0, step.done - done) * 100;
      done = step.done ?? done;
      progress.report({ message: step.text, increment });
    });
  });
  tell(log, document, reply);
  return { ...reply.result, missing: reply.missing, notes: reply.notes };
}

function tell(log: vscode.LogOutputChannel, document: ModelDocument, { result, missing }: BenchReply): void {
  const { ours, isa, threads, precision, scope } = result;
  log.info(
    `bench ${document.name} ${scope}: ${isa}, ${threads} thread(s), ${precision}: median ${ours.medianMs} ms, ci95 [${ours.ci95.join(", ")}], ${ours.runs} runs`,
  );
  for (const [name, ratio] of Object.entries(result.speedup)) log.info(`  against ${name}: ${ratio.median} [${ratio.ci95.join(", ")}]`);
  for (const { baseline, why } of missing) log.warn(`  no ${baseline}: ${why}`);
}

function scopeName({ name, summary }: ModelDocument, scope: BenchScope): string {
  if (scope.kind === "group") return summary?.groups.find((group) => group.id === scope.group)?.name ?? name;
  return scope.kind === "nodes" ? vscode.l10n.t("{0} node(s) of {1}", scope.nodes.length, name) : name;
}

/** The result in few characters: `12.3 µs · 1.21× ort`. */
export function benchText({ ours, speedup }: BenchResult): string {
  const ratios = Object.entries(speedup).map(([name, ratio]) => ` · ${digits(ratio.median)}× ${name}`);
  return `${time(ours.medianMs)}${ratios.join("")}`;
}
