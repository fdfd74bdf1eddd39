/** Rows of the native trees, as their commands get them. */
import type * as vscode from "vscode";

export interface PassItem extends vscode.TreeItem {
  readonly stage: number;
  /** Name of the pass, as `--without` takes it. */
  readonly pass: string;
}

export interface KernelItem extends vscode.TreeItem {
  readonly group: number;
  /** A graph node of the group; absent for the group itself. */
  readonly node?: number;
}

export interface BufferItem extends vscode.TreeItem {
  readonly buffer: number;
}

/** The pass of a row; undefined for rows of other trees and for what other extensions give to a command. */
export const passOf = (row: unknown): string | undefined =>
  typeof row === "object" && row !== null && "pass" in row && typeof row.pass === "string" ? row.pass : undefined;
