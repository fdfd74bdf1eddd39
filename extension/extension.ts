/** Entry of the extension: makes what the features share, and starts them. */
import path from "node:path";
import * as vscode from "vscode";
import type { ErrorInfo } from "#protocol";
import { createApi, type FusionscopeApi } from "./api.ts";
import { errorLine, isCancelled, toErrorInfo } from "./coded-error.ts";
import { OptionStore } from "./document/option-store.ts";
import { Registry } from "./document/registry.ts";
import { runBenchmark } from "./features/benchmark.ts";
import { features } from "./features/index.ts";
import type { Services } from "./services.ts";
import { defaultOptions, workerEnvironment } from "./settings.ts";
import { plainNotice } from "./text/plain.ts";
import { Threads } from "./worker/threads.ts";

export function activate(context: vscode.ExtensionContext): FusionscopeApi {
  const log = vscode.window.createOutputChannel("Fusionscope", { log: true });
  const dist = path.join(context.extensionPath, "dist");
  const threads = new Threads(path.join(dist, "compiler-worker.cjs"), workerEnvironment);
  const registry = new Registry({ threads, scratch: context.globalStorageUri, log }, new OptionStore(context.workspaceState));
  const services: Services = {
    context,
    log,
    registry,
    memory: context.workspaceState,
    dist,
    showError: (error) => showError(log, error),
    changeOptions: (document, options) => {
      registry.options.write(document.uri.toString(), options, defaultOptions(document.uri));
      void document.compile(options);
    },
    bench: (document, arg, signal, report) => runBenchmark(log, document, arg, signal, report),
  };
  context.subscriptions.push(log, registry);
  for (const feature of features) feature.activate(services);
  threads.prepare(2000); // unless the extension was started by a model, which takes the first one
  return createApi(registry);
}

/** What the user asked for failed: say so once, keep the line in the log. */
function showError(log: vscode.LogOutputChannel, error: unknown): void {
  if (isCancelled(error)) return;
  const info: ErrorInfo = isErrorInfo(error) ? error : toErrorInfo(error);
  log.error(errorLine(info));
  const show = vscode.l10n.t("Show Log");
  void vscode.window.showErrorMessage(plainNotice(errorLine(info)), show).then((answer) => answer === show && log.show());
}

const isErrorInfo = (error: unknown): error is ErrorInfo =>
  typeof error === "object" && error !== null && !(error instanceof Error) && "code" in error && "next" in error;
