// Opening models in the extension host, and waiting for what comes of it.
import assert from "node:assert/strict";
import path from "node:path";
import * as vscode from "vscode";
import type { FusionscopeApi, ModelRecord } from "../../../extension/api.ts";

export function extension(): vscode.Extension<FusionscopeApi> {
  const found = vscode.extensions.getExtension<FusionscopeApi>("fusionscope.fusionscope");
  assert.ok(found, "the extension fusionscope.fusionscope is not loaded");
  return found;
}

export const exampleUri = (): vscode.Uri => vscode.Uri.file(path.join(extension().extensionPath, "test/data/example-mlp.onnx"));

/** Waits until `find` gives something. */
export async function until<T>(what: string, find: () => T | undefined | false, seconds = 60): Promise<T> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    const found = find();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`too long: ${what}`);
}

/** Opens a model in the inspector and waits for its compilation to end. */
export async function openModel(uri: vscode.Uri): Promise<ModelRecord> {
  await vscode.commands.executeCommand("vscode.openWith", uri, "fusionscope.inspector");
  return settled(uri);
}

/** The record of a model once its newest compilation, at least number `generation`, has ended. */
export async function settled(uri: vscode.Uri, generation = 1): Promise<ModelRecord> {
  const api = await extension().activate();
  const find = (): ModelRecord | undefined => api.models().find((m) => m.model === uri.toString());
  return until(`the compilation of ${uri.toString()}`, () => {
    const found = find();
    return found !== undefined && found.generation >= generation && (found.summary !== undefined || found.failed !== undefined) && found;
  });
}

export const closeAll = (): Thenable<unknown> => vscode.commands.executeCommand("workbench.action.closeAllEditors");
