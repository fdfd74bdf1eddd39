/** The extension's settings, and the options of a model: settings first, then what was chosen for this model. */
import * as vscode from "vscode";
import type { PanelOptions } from "#protocol";
import type { WorkerSettings } from "./worker/messages.ts";

const section = "fusionscope";

/** What a worker is started with. */
export function workerSettings(home: vscode.Uri): WorkerSettings {
  const read = vscode.workspace.getConfiguration(section);
  return {
    compilerPath: read.get("compilerPath", "").trim(),
    cacheFolder: read.get("cacheFolder", "").trim(),
    cacheSize: read.get("cacheSize", 1024),
    home: home.fsPath,
  };
}

export const baselines = (): readonly string[] => vscode.workspace.getConfiguration(section).get<string[]>("baseline", ["ort"]);

/** The options that the settings ask for, for a model at `uri`. */
export function defaultOptions(uri: vscode.Uri): PanelOptions {
  const read = vscode.workspace.getConfiguration(section, uri);
  return {
    isa: read.get("isa", "auto"),
    threads: Math.max(1, Math.trunc(read.get("threads", 1))),
    precision: read.get<string>("precision", "f32") === "bf16" ? "bf16" : "f32",
    dims: {},
    without: read.get<string[]>("without", []),
  };
}

/** Settings that change what a worker is: it has to be started anew. */
export const touchesWorker = (e: vscode.ConfigurationChangeEvent): boolean =>
  ["compilerPath", "cacheFolder", "cacheSize"].some((name) => e.affectsConfiguration(`${section}.${name}`));

/** Settings that change the default options of a model. */
export const touchesOptions = (e: vscode.ConfigurationChangeEvent, uri: vscode.Uri): boolean =>
  ["isa", "threads", "precision", "without"].some((name) => e.affectsConfiguration(`${section}.${name}`, uri));
