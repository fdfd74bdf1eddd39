// Node itself and node_modules: present, and in step with package-lock.json.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root, run, say, seconds, Stop } from "./terminal.mjs";

/** The oldest Node that has everything the scripts use (import.meta.dirname, Dirent.parentPath). */
const oldest = { major: 20, minor: 12 };

export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return;
  throw new Stop("node-too-old", `Node ${version} is too old; install Node ${oldest.major}.${oldest.minor} or newer`);
}

/**
 * Why node_modules does not fit package-lock.json, or "" if it does. Optional packages may be missing.
 * @param {string} folder
 */
function packagesOutOfStep(folder = root) {
  const installedFile = path.join(folder, "node_modules/.package-lock.json");
  if (!existsSync(installedFile)) return "node_modules is missing";
  const wanted = JSON.parse(readFileSync(path.join(folder, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedFile, "utf8")).packages;
  for (const [where, entry] of Object.entries(wanted)) {
    if (where === "") continue;
    const have = installed[where];
    if (!have && (entry.optional || entry.peer)) continue;
    if (have?.version !== entry.version) return `${where} is ${have?.version ?? "missing"}, package-lock.json says ${entry.version}`;
  }
  return "";
}

/** npm packages only: without this variable onnxruntime-node would fetch CUDA libraries from elsewhere. */
const npmEnvironment = { ONNXRUNTIME_NODE_INSTALL: "skip" };

/** Installs node_modules if it is missing or stale. @param {{ noInstall: boolean }} options */
export async function ensureNodePackages({ noInstall }) {
  const why = packagesOutOfStep();
  if (why === "") return;
  const command = "ONNXRUNTIME_NODE_INSTALL=skip npm ci";
  if (noInstall) throw new Stop("packages-missing", `${why}; run: ${command}`);
  say(`${why}: ${command}`);
  const started = performance.now();
  const { code, output } = await run("npm", ["ci", "--no-audit", "--no-fund"], { env: npmEnvironment, quiet: true });
  if (code !== 0)
    throw new Stop("packages-missing", `npm ci failed (exit code ${code}): ${output.trim().split("\n").slice(-5).join(" | ")}`);
  say(`packages installed in ${seconds(performance.now() - started)}`);
}
