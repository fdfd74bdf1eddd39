// THIRD-PARTY-NOTICES.txt: the licences of every package that is inside the bundles, taken from the packages themselves.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { root, Stop } from "../setup/terminal.mjs";

/** The packages that files in node_modules belong to, as folders relative to the root. @param {Iterable<string>} files */
export function packagesOf(files) {
  const folders = new Set();
  for (const file of files) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file.replaceAll("\\", "/"));
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
  const { name, version, license, homepage, repository } = JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8"));
  const texts = licenceFiles(folder).map((file) => readFileSync(file, "utf8").trim());
  // The Eclipse licence asks to say where the source code is.
  const source = typeof repository === "string" ? repository : repository?.url;
  return `${name} ${version}\nlicence: ${license}\nhome: ${homepage ?? "-"}\nsource: ${source ?? "-"}\n\n${texts.join("\n\n")}\n`;
}

/** @param {string} folder */
function licenceFiles(folder) {
  const found = readdirSync(path.join(root, folder)).filter((name) => /^(licen[cs]e|copying|notice|epl)/i.test(name));
  const files = found.map((name) => path.join(root, folder, name)).filter((file) => existsSync(file));
  if (files.length === 0) throw new Stop("licence-missing", `${folder} has no licence file: it may not go into the package`, 1);
  return files;
}
