// THIRD-PARTY-NOTICES.txt: the licences of every package that is inside the bundles, taken from the packages themselves.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { root, Stop } from "../setup/terminal.mjs";

/** The packages that files in node_modules belong to, as folders relative to the root. @param {Iterable<string>} files as esbuild names them */
export function packagesOf(files) {
  const folders = new Set();
  for (const file of files) {
    // esbuild names some inputs "namespace:path".
    const relative = path.relative(root, path.resolve(root, file.replace(/^as-[a-z-]+:/, ""))).replaceAll("\\", "/");
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(relative);
    if (match) folders.add(match[1]);
  }
  return [...folders].sort();
}

/** @param {string[]} folders of packages, relative to the root @returns {string} */
export function noticesText(folders) {
  const head = "Fusionscope contains the following packages. Each is under its own licence, given below.\n";
  return [head, ...folders.map(notice)].join(`\n${"=".repeat(100)}\n`);
}

/** @param {string} folder */
function notice(folder) {
  const manifest = JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8"));
  const { name, version, license, homepage, repository } = manifest;
  // The Eclipse licence asks to say where the source code is.
  const source = typeof repository === "string" ? repository : repository?.url;
  return `${name} ${version}\nlicence: ${license}\nhome: ${homepage ?? "-"}\nsource: ${source ?? "-"}\n\n${licenceText(folder, manifest)}\n`;
}

/** Who holds the rights where package.json names somebody else. @type {Record<string, string>} */
const holders = { "onnxruntime-node": "Microsoft Corporation" };

/** What a licence file would say besides. @type {Record<string, (version: string) => string>} */
const remarks = {
  "onnxruntime-node": (version) =>
    `The library is that of ONNX Runtime ${version}. What it contains of others, and under which licences:\nhttps://github.com/microsoft/onnxruntime/blob/v${version}/ThirdPartyNotices.txt`,
};

/** The package's own licence files; some say in package.json only that they are under the MIT licence. */
function licenceText(folder, { name, version, license, author }) {
  const files = readdirSync(path.join(root, folder)).filter((name) => /^(licen[cs]e|copying|notice|epl)/i.test(name));
  if (files.length > 0) return files.map((file) => readFileSync(path.join(root, folder, file), "utf8").trim()).join("\n\n");
  const holder = holders[name] ?? (typeof author === "string" ? author : author?.name);
  if (license !== "MIT" || !holder) throw new Stop("licence-missing", `${folder} has no licence file: it may not go into the package`, 1);
  const text = readFileSync(path.join(root, "scripts/package/mit.txt"), "utf8").trim().replace("{holder}", holder);
  return [text, remarks[name]?.(version) ?? ""].join("\n\n").trim();
}
