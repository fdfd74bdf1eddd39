// The files of the repository and what they import.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "../../scripts/setup/terminal.mjs";

/** Every tracked or new file that is not ignored, relative to the root. Without git (an unpacked archive) there is nothing to check. */
export function repositoryFiles(): string[] {
  const list = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root, encoding: "utf8" });
  return list.split("\0").filter((file) => file !== "" && existsSync(path.join(root, file)));
}

export function textOf(file: string): string {
  return readFileSync(path.join(root, file), "utf8");
}

export interface Import {
  readonly file: string;
  readonly line: number;
  /** As written. */
  readonly specifier: string;
  /** Of a relative import: the file it names, relative to the root. */
  readonly target?: string;
}

/** `import`, `export ... from` and `import()` at the start of a line or after an assignment; comments and texts do not match. */
const importPattern =
  /^(?:import|export)\b[^"'`;]*?from\s*["']([^"']+)["']|^import\s*["']([^"']+)["']|[=(]\s*(?:await )?import\(["']([^"']+)["']\)/gm;

export function importsOf(file: string): Import[] {
  const text = textOf(file);
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    const line = text.slice(0, match.index).split("\n").length;
    const target = specifier.startsWith(".") ? path.posix.join(path.posix.dirname(file), specifier.replace(/\?.*$/, "")) : undefined;
    return { file, line, specifier, ...(target === undefined ? {} : { target }) };
  });
}
