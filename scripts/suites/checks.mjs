// The suites that are commands: types per layer, lint, format.
import { readdirSync } from "node:fs";
import path from "node:path";
import { root, run, say } from "../setup/terminal.mjs";
import { Tally } from "./tally.mjs";

/** @typedef {{ name: string, command: string[], skip?: string }} Check */

/** @type {Record<"types" | "style", () => Check[]>} */
const checksOf = {
  types: () =>
    readdirSync(root)
      .filter((file) => /^tsconfig\.(?!base)\w+\.json$/.test(file))
      .map((file) => ({
        name: `tsc -p ${file}`,
        command: ["typescript/bin/tsc", "-p", file, "--pretty", "false", "--incremental", "--tsBuildInfoFile", `dist/types/${file}`],
      })),
  style: () => [
    { name: "eslint", command: ["eslint/bin/eslint.js", "--max-warnings", "0", "."] },
    {
      name: "prettier --check",
      command: ["prettier/bin/prettier.cjs", "--check", "--cache", "--cache-location", "dist/format-cache", "--log-level", "warn", "."],
    },
  ],
};

/** tsc complains about a layer that has no file yet; that is no failure. */
const emptyLayer = "error TS18003";

/**
 * The checks of a suite, each a piece of its own.
 * @param {"types" | "style"} kind @returns {{ run: () => Promise<Tally> }[]}
 */
export const checkPieces = (kind) => checksOf[kind]().map((check) => ({ run: () => runCheck(check) }));

/** @param {Check} check @returns {Promise<Tally>} */
async function runCheck(check) {
  const tally = new Tally();
  const [script = "", ...args] = check.command;
  const { code, output } = await run(process.execPath, [path.join(root, "node_modules", script), ...args], { quiet: true });
  if (code === 0) tally.pass();
  else if (output.includes(emptyLayer) && !output.includes("error TS1005")) tally.skip(check.name, "the layer has no files");
  else {
    say(`FAILED ${check.name}\n${output.trimEnd()}`);
    tally.fail(check.name);
  }
  return tally;
}
