/** Models that are not files on this machine (virtual workspaces, git revisions): their structure is read from a copy. */
import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { coded } from "../coded-error.ts";

export interface LocalCopy {
  readonly path: string;
  remove(): Promise<void>;
}

/** The path of the model itself, or of a copy below `scratch`. */
export async function localCopy(uri: vscode.Uri, scratch: vscode.Uri): Promise<LocalCopy> {
  if (uri.scheme === "file") return { path: uri.fsPath, remove: async () => {} };
  const folder = vscode.Uri.joinPath(scratch, "models", randomUUID());
  const file = vscode.Uri.joinPath(folder, "model.onnx");
  try {
    await vscode.workspace.fs.writeFile(file, await vscode.workspace.fs.readFile(uri));
  } catch (error) {
    throw coded("file-unreadable", { path: uri.toString(true), what: error instanceof Error ? error.message : String(error) });
  }
  return { path: file.fsPath, remove: async () => vscode.workspace.fs.delete(folder, { recursive: true }) };
}
