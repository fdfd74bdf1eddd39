// npm start: opens the inspector on a model in VS Code, the desktop one or a browser one. Installs and builds what is missing.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensureSystemPackages, findProgram } from "./setup/debian-packages.mjs";
import { checkNode, ensureNodePackages } from "./setup/node-packages.mjs";
import { root, run, runScript, say, Stop } from "./setup/terminal.mjs";
import { cacheFolder } from "./vscode/cache.mjs";
import { ensureServer } from "./vscode/install-server.mjs";
import { startServer } from "./vscode/server.mjs";

const help = `npm start -- [MODEL.onnx] [options]      without MODEL: a bundled example
  --web            in the browser, even if there is a desktop VS Code
  --port N         of the browser VS Code; default: any free one
  --version V      of the browser VS Code: 4.100.0 (VS Code 1.100, default), 4.139.1 (VS Code 1.139)
  --data FOLDER    where it keeps settings and installed extensions; default: in the cache folder
  --no-open        do not open a browser, only print the address
  --no-install     install nothing; exit code 4 if something is missing
  --no-build       use what is built
  --skip-missing   start without a C++ compiler: nothing can be built and run then
Ctrl+C ends the browser VS Code.`;

const example = "test/data/example-mlp.onnx";

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        web: { type: "boolean" },
        port: { type: "string", default: "0" },
        version: { type: "string", default: "4.100.0" },
        data: { type: "string" },
        "no-open": { type: "boolean" },
        "no-install": { type: "boolean" },
        "no-build": { type: "boolean" },
        "skip-missing": { type: "boolean" },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port ${values.port} is not a port`);
    if (positionals.length > 1) throw new Error(`one model at a time: ${positionals.join(" ")}`);
    return { ...values, port, model: positionals[0] };
  } catch (error) {
    throw new Stop("usage", `${/** @type {Error} */ (error).message}; npm start -- --help`, 2);
  }
}

/** The model as a full path; the example as a copy in a folder that is the user's. @param {string | undefined} model */
function modelPath(model) {
  if (model === undefined) {
    const folder = path.join(cacheFolder(), "examples");
    mkdirSync(folder, { recursive: true });
    const copy = path.join(folder, path.basename(example));
    copyFileSync(path.join(root, example), copy);
    return copy;
  }
  // npm runs scripts in the package's folder; INIT_CWD is where the user was.
  const full = path.resolve(process.env.INIT_CWD ?? process.cwd(), model);
  if (!existsSync(full)) throw new Stop("model-not-found", `there is no file ${full}`, 3);
  return full;
}

/** The desktop VS Code's command, if it can show an extension under development. @returns {Promise<string | undefined>} */
async function desktopCode() {
  const code = findProgram("code");
  if (code === undefined) return undefined;
  // In a terminal of a remote window, `code` speaks to that window and knows no development options.
  if (process.env.VSCODE_IPC_HOOK_CLI) return undefined;
  const { output } = await run(code, ["--version"], { quiet: true });
  const [major = 0, minor = 0] = output.split(".").map(Number);
  if (major > 1 || (major === 1 && minor >= 100)) return code;
  say(`${code} is too old or does not answer (${output.split("\n")[0]}): VS Code 1.100 is needed; starting one for the browser`);
  return undefined;
}

/** A window of the desktop VS Code with the extension from this folder: nothing is installed into the user's editor. */
async function startDesktop(code, model) {
  const development = [root, path.join(root, "scripts/vscode/opener")].map((folder) => `--extensionDevelopmentPath=${folder}`);
  const { code: exit } = await run(code, ["--new-window", ...development, path.dirname(model)], { env: startEnvironment(model) });
  if (exit !== 0) throw new Stop("code-failed", `${code} ended with ${exit}; npm start -- --web uses the browser instead`);
  say(`opening ${model} in VS Code`);
  return 0;
}

/** What the opener reads. @param {string} model */
function startEnvironment(model) {
  return { FUSIONSCOPE_START_MODEL: model, FUSIONSCOPE_START_RUN: randomBytes(8).toString("hex") };
}

/** The installed extension lies outside of this tree, where it would not find the ONNX Runtime of node_modules. @returns {Record<string, string>} */
function baselineEnvironment() {
  if (process.env.FUSIONSCOPE_ORT) return {};
  const bin = path.join(root, "node_modules/onnxruntime-node/bin");
  const versions = existsSync(bin) ? readdirSync(bin) : [];
  const files = versions.map((version) => path.join(bin, version, process.platform, process.arch, "libonnxruntime.so.1"));
  const library = files.find((file) => existsSync(file));
  return library === undefined ? {} : { FUSIONSCOPE_ORT: library };
}

async function startWeb(model, options) {
  const server = await ensureServer(options.version, { noInstall: options["no-install"] ?? false });
  const { buildPackage } = await import("./package.mjs");
  const vsix = await buildPackage();
  const dataFolder = path.resolve(options.data ?? path.join(cacheFolder(), "vscode", `data-${options.version}`));
  rmSync(path.join(dataFolder, "builtin"), { recursive: true, force: true });
  const token = randomBytes(12).toString("hex");
  const running = await startServer({
    server,
    dataFolder,
    port: options.port,
    token,
    keepSettings: true,
    extensions: [vsix],
    builtIn: [path.join(root, "scripts/vscode/opener")],
    env: { ...startEnvironment(model), ...baselineEnvironment(), FUSIONSCOPE_CACHE: cacheFolder() },
  });
  const address = `http://localhost:${running.port}/?tkn=${token}&folder=${encodeURIComponent(path.dirname(model))}`;
  say(`\nVS Code ${server.vscode} with ${model}:\n\n  ${address}\n\nCtrl+C ends it.`);
  if (!options["no-open"]) openBrowser(address);
  let stopping = false;
  const stop = () => {
    stopping = true;
    void running.stop();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  await running.ended;
  if (stopping) return 0;
  throw new Stop("server-ended", `the VS Code server ended: ${running.output().trim().split("\n").slice(-3).join(" | ")}`);
}

/** Shows the address where there is a screen; without one, printing it is all there is to do. @param {string} address */
function openBrowser(address) {
  const opener = process.platform === "darwin" ? "open" : findProgram("xdg-open");
  const hasScreen = process.platform === "darwin" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (opener && hasScreen) spawn(opener, [address], { detached: true, stdio: "ignore" }).unref();
}

async function main() {
  const options = readOptions();
  if (options.help) {
    say(help);
    return 0;
  }
  checkNode();
  const model = modelPath(options.model);
  const noInstall = options["no-install"] ?? false;
  await ensureNodePackages({ noInstall });
  if (!options["skip-missing"]) await ensureSystemPackages(["compiler"], { noInstall, otherwise: ", or add --skip-missing" });
  if (!options["no-build"]) {
    const { code } = await run(process.execPath, ["esbuild.mjs"]);
    if (code !== 0) throw new Stop("build-failed", "the build failed: see above", 1);
  }
  const desktop = options.web ? undefined : await desktopCode();
  return desktop === undefined ? startWeb(model, options) : startDesktop(desktop, model);
}

await runScript(main);
