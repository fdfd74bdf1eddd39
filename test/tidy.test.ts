// The repository's own rules: layers, sizes, names, packages. The rules are data in test/tidy/.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { root } from "../scripts/setup/terminal.mjs";
import { layers, pipelineFile, sharedFiles, type Layer } from "./tidy/layers.ts";
import { emptyNames, kebabCase, lineLimits, longFiles, machinePathExceptions, machinePaths, onnxSpelling } from "./tidy/limits.ts";
import { importsOf, repositoryFiles, textOf, type Import } from "./tidy/repository.ts";

const files = repositoryFiles();
const sources = files.filter((file) => /\.(ts|mjs)$/.test(file) && !file.endsWith(".d.ts"));
const imports = sources.flatMap(importsOf);

/** One assertion with every offender in it. */
function none(offenders: readonly string[]): void {
  assert.equal(offenders.length, 0, offenders.join("\n"));
}

const layerOf = (file: string): Layer | undefined => layers.find((layer) => layer.files.test(file));
const at = ({ file, line, specifier }: Import): string => `${file}:${line} imports ${specifier}`;
const allows = (list: readonly string[] | undefined, name: string): boolean =>
  list?.includes("*") === true || list?.includes(name) === true;

/** The package of a specifier: its scope and name, or "node:". */
function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return "node:";
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** What is wrong with an import, or undefined. */
function layerFault(entry: Import): string | undefined {
  const from = layerOf(entry.file);
  if (from === undefined) return `${entry.file} belongs to no layer`;
  if (sharedFiles[entry.target ?? ""]?.by.includes(from.name)) return undefined;
  if (entry.target === undefined) {
    const isDoor = entry.specifier.startsWith("#");
    const allowed = isDoor ? allows(from.doors, entry.specifier) : allows(from.packages, packageOf(entry.specifier));
    return allowed ? undefined : `${at(entry)}, which ${from.name} may not`;
  }
  const to = layerOf(entry.target);
  return to === from || allows(from.relative, to?.name ?? "")
    ? undefined
    : `${at(entry)}: ${from.name} may not import ${to?.name ?? "that"}`;
}

test("every import stays within what its layer may import", () => {
  none(imports.map(layerFault).filter((fault) => fault !== undefined));
});

test("relative imports name a file of the repository, with its extension", () => {
  const known = new Set(files);
  none(imports.filter(({ target }) => target !== undefined && !known.has(target)).map(at));
});

test("no pass imports another pass", () => {
  const passes = new Set(
    imports.flatMap(({ file, target }) => (file === pipelineFile && /\/passes\/\d/.test(target ?? "") ? [target] : [])),
  );
  none(imports.filter(({ file, target }) => passes.has(file) && target !== undefined && passes.has(target)).map(at));
});

test("exceptions are still needed", () => {
  const limit = (file: string): number => lineLimits.find((entry) => entry.files.test(file))?.lines ?? Infinity;
  const isShared = (file: string): boolean => imports.some(({ file: from, target }) => target === file && layerOf(from) !== layerOf(file));
  none([
    ...Object.keys(sharedFiles)
      .filter((file) => !isShared(file))
      .map((file) => `${file} is no longer shared`),
    ...Object.keys(longFiles)
      .filter((file) => !files.includes(file) || lineCount(file) <= limit(file))
      .map((file) => `${file} no longer needs its size exception`),
  ]);
});

function lineCount(file: string): number {
  return textOf(file).split("\n").length - 1;
}

test("files are not longer than their kind allows", () => {
  const faults = files.flatMap((file) => {
    const limit = lineLimits.find((entry) => entry.files.test(file));
    if (limit === undefined || file in longFiles || lineCount(file) <= limit.lines) return [];
    return [`${file} has ${lineCount(file)} lines, more than ${limit.lines}: split it, or give a reason in test/tidy/limits.ts`];
  });
  none(faults);
});

test("names are kebab-case and say something", () => {
  const named = sources.filter((file) => !file.startsWith("bin/"));
  none([
    ...named.filter((file) => !kebabCase.test(path.basename(file)) && !onnxSpelling.test(file)),
    ...named.filter((file) => emptyNames.test(file)).map((file) => `${file}: a better name is needed`),
  ]);
});

test("what a file exports, another one names", () => {
  const words = new Map(sources.map((file) => [file, new Set(textOf(file).match(/[A-Za-z_$][\w$]*/g))]));
  const users = new Map<string, number>();
  for (const set of words.values()) for (const word of set) users.set(word, (users.get(word) ?? 0) + 1);
  const exported = /^export (?:async )?(?:const|function\*?|class) ([\w$]+)/gm;
  const lonely = sources
    .filter((file) => !file.startsWith("test/"))
    .flatMap((file) =>
      [...textOf(file).matchAll(exported)]
        .filter(([, name = ""]) => users.get(name) === 1)
        .map(([, name]) => `${file} exports ${name} to nobody`),
    );
  none(lonely);
});

test("no path of somebody's machine", () => {
  const isText = (file: string): boolean => /\.(ts|mjs|cjs|json|md|css|html|h|hpp|c|cpp|txt|sh|yml)$|^bin\/|^\.ci\//.test(file);
  const faults = files
    .filter((file) => isText(file) && !(file in machinePathExceptions) && file !== "package-lock.json")
    .flatMap((file) =>
      textOf(file)
        .split("\n")
        .flatMap((line, n) => (machinePaths.test(line) ? [`${file}:${n + 1} ${line.trim().slice(0, 100)}`] : [])),
    );
  none(faults);
});

test("no test is left alone with .only", () => {
  const only = /\b(test|it|describe|suite)\.only\(/;
  none(files.filter((file) => file.endsWith(".test.ts") && file !== "test/tidy.test.ts" && only.test(textOf(file))));
});

test("the package pins its versions and has its licence", () => {
  const manifest = JSON.parse(textOf("package.json")) as Record<string, Record<string, string>>;
  const pinned = Object.entries({ ...manifest["dependencies"], ...manifest["devDependencies"], ...manifest["optionalDependencies"] });
  none(pinned.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)).map(([name, version]) => `${name} ${version} is not exact`));
  assert.equal(manifest["license"], "Apache-2.0");
  assert.match(textOf("LICENSE"), /Apache License\s+Version 2\.0/);
});

test("the doors of package.json exist", () => {
  const { imports: doors } = JSON.parse(textOf("package.json")) as { imports: Record<string, string> };
  none(Object.values(doors).filter((file) => !existsSync(path.join(root, file))));
});
