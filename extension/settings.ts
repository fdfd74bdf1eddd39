/** The extension's settings, and the options of a model: settings first, then what was chosen for this model. */
import * as vscode from "vscode";
import type { PanelOptions } from "#protocol";
import type { LostFusions } from "./text/problem-list.ts";

const section = "fusionscope";

/** Settings that reach the compiler as variables of its worker: those of the command line. Empty settings leave the variables as they are. */
export function workerEnvironment(): Readonly<Record<string, string>> {
  const read = vscode.workspace.getConfiguration(section);
  const variables = {
    CXX: read.get("compilerPath", ""),
    FUSIONSCOPE_CACHE: read.get("cacheFolder", ""),
    FUSIONSCOPE_CACHE_MIB: String(read.get("cacheSize", 2048)),
  };
  return Object.fromEntries(
    Object.entries(variables)
      .map(([name, value]) => [name, value.trim()])
      .filter(([, value]) => value !== ""),
  );
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
    force: [],
    forbid: [],
  };
}

/** Which refused fusions are in Problems. */
export function lostFusionsSetting(uri: vscode.Uri): LostFusions {
  const wanted = vscode.workspace.getConfiguration(section, uri).get<string>("problems.lostFusions", "large");
  return wanted === "off" || wanted === "all" ? wanted : "large";
}

export const touchesProblems = (e: vscode.ConfigurationChangeEvent): boolean => e.affectsConfiguration(`${section}.problems`);

/** Settings that change what a worker is: it has to be started anew. */
export const touchesWorker = (e: vscode.ConfigurationChangeEvent): boolean =>
  ["compilerPath", "cacheFolder", "cacheSize"].some((name) => e.affectsConfiguration(`${section}.${name}`));

/** Settings that change the default options of a model. */
export const touchesOptions = (e: vscode.ConfigurationChangeEvent, uri: vscode.Uri): boolean =>
  ["isa", "threads", "precision", "without"].some((name) => e.affectsConfiguration(`${section}.${name}`, uri));
