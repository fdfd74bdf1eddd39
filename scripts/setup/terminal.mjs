// What the scripts say and run. Node's own modules only: this runs before anything is installed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

/** The package's root folder: the nearest one above with a package.json, so that it is found from a bundle, too. */
export const root = packageRoot(import.meta.dirname);

/** @param {string} folder @returns {string} */
function packageRoot(folder) {
  return existsSync(path.join(folder, "package.json")) ? folder : packageRoot(path.dirname(folder));
}

/** Something that is missing on this machine, or a wrong use: ends the script with a coded line instead of a stack trace. */
export class Stop extends Error {
  /** @param {string} code @param {string} text what is wrong and what to do @param {number} exit */
  constructor(code, text, exit = 4) {
    super(text);
    this.code = code;
    this.exit = exit;
  }
}

/** @param {string} text */
export function say(text = "") {
  process.stdout.write(`${text}\n`);
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/**
 * Runs a command and waits for it.
 * @param {string} command @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, quiet?: boolean }} options quiet: the output is only kept, not shown
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: options.quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    });
    let output = "";
    child.stdout?.on("data", (data) => (output += data));
    child.stderr?.on("data", (data) => (output += data));
    child.on("error", (error) => resolve({ code: 127, output: String(error.message) }));
    child.on("close", (code, signal) => resolve({ code: code ?? (signal ? 128 : 1), output }));
  });
}

/** Runs a script's main function; a Stop is one line and its exit code. @param {() => Promise<number>} main */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    process.stderr.write(`error[${error.code}]: ${error.message}\n`);
    process.exitCode = error.exit;
  }
}
