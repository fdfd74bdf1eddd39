/** Rows of the native trees, as their commands get them. */
import type * as vscode from "vscode";

export interface PassItem extends vscode.TreeItem {
  readonly stage: number;
}

export interface KernelItem extends vscode.TreeItem {
  readonly group: number;
  /** A graph node of the group; absent for the group itself. */
  readonly node?: number;
}

export interface BufferItem extends vscode.TreeItem {
  readonly buffer: number;
}
