// What comes from the system: a C++ compiler and a Chromium. The exact command is printed before it is run.
import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";
import { run, say, seconds, Stop } from "./terminal.mjs";

/** The full path of a program on the PATH, or undefined. @param {string} name */
export function findProgram(name) {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** The Chromium to drive: $CHROMIUM, or the first known name on the PATH. */
export function findChromium() {
  if (process.env.CHROMIUM && existsSync(process.env.CHROMIUM)) return process.env.CHROMIUM;
  return ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(findProgram).find((file) => file !== undefined);
}

/** @typedef {"compiler" | "chromium"} Need */
/** Each need: what it is, how it is found, and Debian's package. */
export const systemNeeds = {
  compiler: { what: "a C++ compiler (g++ or clang++)", find: () => findProgram("g++") ?? findProgram("clang++"), package: "g++" },
  chromium: { what: "Chromium (or CHROMIUM=/path/to/chrome)", find: findChromium, package: "chromium" },
};

/** The needs that this machine does not meet. @param {Iterable<Need>} needs @returns {Need[]} */
export function missingNeeds(needs) {
  return [...needs].filter((need) => systemNeeds[need].find() === undefined);
}

/** The command that installs what is missing on Debian. @param {Need[]} missing */
function installCommand(missing) {
  const packages = missing.map((need) => systemNeeds[need].package).join(" ");
  return `apt-get update && apt-get install -y --no-install-recommends ${packages}`;
}

/** Installs what is missing, as root on Debian; otherwise says the command and stops with exit code 4.
 * @param {Iterable<Need>} needs @param {{ noInstall: boolean, otherwise?: string }} options otherwise: what else can be done, said at the end */
export async function ensureSystemPackages(needs, { noInstall, otherwise = "" }) {
  const missing = missingNeeds(needs);
  if (missing.length === 0) return;
  const what = missing.map((need) => systemNeeds[need].what).join(" and ");
  const command = installCommand(missing);
  const isRoot = process.getuid?.() === 0;
  if (findProgram("apt-get") === undefined) throw new Stop("system-package-missing", `${what} not found; install it${otherwise}`);
  say(`${what} not found; it comes with: ${isRoot ? command : `sudo sh -c '${command}'`}`);
  if (noInstall || !isRoot) throw new Stop("system-package-missing", `${what} not found; run the command above${otherwise}`);
  const started = performance.now();
  const { code, output } = await run("sh", ["-c", command], { env: { DEBIAN_FRONTEND: "noninteractive" }, quiet: true });
  if (code !== 0 || missingNeeds(missing).length > 0) {
    throw new Stop("system-package-missing", `the command failed (exit code ${code}): ${output.trim().split("\n").slice(-5).join(" | ")}`);
  }
  say(`system packages installed in ${seconds(performance.now() - started)}`);
}
