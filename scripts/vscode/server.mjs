// Starts and stops an installed VS Code server on a port of 127.0.0.1, with data folders of its own.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "../setup/terminal.mjs";

/** Settings that keep the workbench quiet and off the network. */
const quietSettings = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "update.showReleaseNotes": false,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "security.workspace.trust.enabled": false,
  "git.enabled": false,
  "npm.autoDetect": "off",
  "grunt.autoDetect": "off",
  "gulp.autoDetect": "off",
  "jake.autoDetect": "off",
  "typescript.disableAutomaticTypeAcquisition": true,
  "chat.disableAIFeatures": true,
  "chat.commandCenter.enabled": false,
  "window.commandCenter": false,
  "files.simpleDialog.enable": true,
  "window.dialogStyle": "custom",
};

/**
 * @typedef {object} ServerOptions
 * @property {import("./install-server.mjs").Server} server
 * @property {string} dataFolder made if it does not exist: settings, installed extensions, logs
 * @property {number} [port] 0: any free one
 * @property {string} [token] that the address must carry; none: anybody on this machine may connect
 * @property {Record<string, unknown>} [settings] written over the user's settings of the data folder, unless keepSettings
 * @property {boolean} [keepSettings] leave an existing settings file alone
 * @property {string[]} [extensions] VSIX files to install first
 * @property {string[]} [builtIn] folders of extensions that count as built in, beside the server's own
 * @property {Record<string, string>} [env] of the server and its extension hosts
 * @property {boolean} [ownHome] HOME in the data folder
 */
/**
 * @typedef {object} RunningServer
 * @property {number} port @property {number} pid
 * @property {string} dataFolder
 * @property {() => string} output everything the server has printed
 * @property {Promise<void>} ended
 * @property {() => Promise<void>} stop
 */

/** Starts the server and waits until it listens. @param {ServerOptions} options @returns {Promise<RunningServer>} */
export async function startServer(options) {
  const { server, dataFolder } = options;
  for (const folder of ["server", "user/User", "extensions", "home", "builtin"])
    mkdirSync(path.join(dataFolder, folder), { recursive: true });
  writeSettings(options);
  const env = environment(options);
  const main = path.join(server.dir, "out/server-main.js");
  const folders = folderArguments(options);
  for (const vsix of options.extensions ?? []) {
    const { code, output } = await run(server.node, [main, ...folders, "--install-extension", path.resolve(vsix), "--force"], {
      env,
      cwd: dataFolder,
      quiet: true,
    });
    // The exit code is 0 for some failures, too.
    if (code !== 0 || !output.includes("was successfully installed")) throw new Error(`${vsix} could not be installed: ${output}`);
  }
  const access = options.token ? ["--connection-token", options.token] : ["--without-connection-token"];
  const quiet = ["--telemetry-level", "off", "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"];
  const args = [
    main,
    ...folders,
    "--host",
    "127.0.0.1",
    "--port",
    String(options.port ?? 0),
    ...access,
    ...quiet,
    ...(options.settings?.["security.workspace.trust.enabled"] === true ? [] : ["--disable-workspace-trust"]),
    "--log",
    "info",
  ];
  return listen(spawn(server.node, args, { env, cwd: dataFolder, detached: true, stdio: ["ignore", "pipe", "pipe"] }), dataFolder);
}

/** @param {ServerOptions} options */
function writeSettings({ dataFolder, settings, keepSettings }) {
  const file = path.join(dataFolder, "user/User/settings.json");
  if (keepSettings && existsSync(file)) return;
  writeFileSync(file, JSON.stringify({ ...quietSettings, ...settings }, null, 2));
}

/** @param {ServerOptions} options */
function folderArguments({ server, dataFolder, builtIn = [] }) {
  const folder = (name) => path.join(dataFolder, name);
  const args = ["--server-data-dir", folder("server"), "--user-data-dir", folder("user"), "--extensions-dir", folder("extensions")];
  args.push("--accept-server-license-terms");
  if (builtIn.length > 0) {
    const own = path.join(server.dir, "extensions");
    for (const source of [...readdirSync(own).map((name) => path.join(own, name)), ...builtIn]) {
      const link = path.join(folder("builtin"), path.basename(source));
      if (!existsSync(link)) symlinkSync(source, link);
    }
    args.push("--builtin-extensions-dir", folder("builtin"));
  }
  return args;
}

/** An inherited VS Code, Electron or node:test environment would confuse the server. */
const notInherited = /^(VSCODE_|ELECTRON_|NODE_TEST_CONTEXT$|NODE_CHANNEL_FD$|NODE_OPTIONS$)/;

/** @param {ServerOptions} options */
function environment({ dataFolder, env, ownHome }) {
  const all = {
    ...process.env,
    EXTENSIONS_GALLERY: '{"serviceUrl":""}', // no Marketplace: every start would ask for one
    ...(ownHome ? { HOME: path.join(dataFolder, "home") } : {}),
    // A socket's path has 107 characters at most.
    ...(dataFolder.length < 50 ? { XDG_RUNTIME_DIR: dataFolder } : {}),
  };
  for (const name of Object.keys(all)) if (notInherited.test(name)) delete all[name];
  return { ...all, ...env };
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits for the port, and gives the means to stop the whole process group. @returns {Promise<RunningServer>} */
async function listen(child, dataFolder) {
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  let exited = false;
  const ended = new Promise((resolve) => child.on("exit", () => resolve((exited = true))));
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // already gone
    }
  };
  const onExit = () => kill("SIGKILL");
  process.on("exit", onExit);
  const limit = Date.now() + 60_000;
  const announced = () => Number(/Extension host agent listening on (\d+)/.exec(output)?.[1] ?? 0);
  while (announced() === 0 && !exited && Date.now() < limit) await sleep(20);
  const stop = async () => {
    process.off("exit", onExit);
    kill("SIGTERM");
    for (let n = 0; n < 100 && !exited; n++) await sleep(50);
    kill("SIGKILL");
  };
  if (announced() === 0) {
    await stop();
    throw new Error(`the VS Code server did not start: ${output.slice(-2000)}`);
  }
  return { port: announced(), pid: child.pid, dataFolder, output: () => output, ended: ended.then(() => undefined), stop };
}
