// A VS Code server with its proxy and one browser: what the windows of a test file share.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Browser } from "playwright-core";
import { findChromium } from "../../../scripts/setup/debian-packages.mjs";
import { cacheFolder } from "../../../scripts/vscode/cache.mjs";
import { ensureServer } from "../../../scripts/vscode/install-server.mjs";
import { startServer, type RunningServer } from "../../../scripts/vscode/server.mjs";
import { startProxy } from "./start-page-proxy.ts";

export interface SessionOptions {
  /** Version of the VS Code server; default $FUSIONSCOPE_VSCODE, which `npm test` sets for each suite. */
  readonly version?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** VSIX files to install; without, the windows load the extension from the checkout. */
  readonly vsix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Session {
  readonly browser: Browser;
  /** The address of the workbench, through the proxy. */
  readonly url: string;
  readonly authority: string;
  readonly dataFolder: string;
  /** Of VS Code itself, as 1.100.0. */
  readonly vscode: string;
  output(): string;
  /** Every log file: extension hosts, output channels, server. */
  logs(): { file: string; text: string }[];
  /** What the extension hosts logged at level error: failed activations, unhandled rejections, throwing commands. */
  extensionHostErrors(): string[];
  stop(): Promise<void>;
}

export async function startSession(options: SessionOptions = {}): Promise<Session> {
  const server = await ensureServer(options.version ?? process.env["FUSIONSCOPE_VSCODE"] ?? "4.100.0", { noInstall: false });
  const dataFolder = mkdtempSync(path.join(tmpdir(), "fusionscope-vscode-"));
  const drop = (): void => rmSync(dataFolder, { recursive: true, force: true, maxRetries: 10 });
  let running: RunningServer | undefined;
  try {
    running = await startServer({
      server,
      dataFolder,
      ownHome: true,
      settings: { "workbench.reduceMotion": "on", ...options.settings },
      extensions: [...(options.vsix ?? [])],
      // The cache of builds outlives the session; its own HOME would hide it.
      env: { FUSIONSCOPE_CACHE: cacheFolder(), ...options.env },
    });
    return await withBrowser(running, server.vscode, drop);
  } catch (error) {
    await running?.stop();
    drop();
    throw error;
  }
}

async function withBrowser(running: RunningServer, vscode: string, drop: () => void): Promise<Session> {
  const proxy = await startProxy(running.port);
  const browser = await launchChromium().catch((error: unknown) => {
    proxy.stop();
    throw error;
  });
  const logFolder = path.join(running.dataFolder, "user/logs");
  const logs = (): { file: string; text: string }[] => readLogs(logFolder);
  return {
    browser,
    url: `http://${proxy.authority}`,
    authority: proxy.authority,
    dataFolder: running.dataFolder,
    vscode,
    output: running.output,
    logs,
    extensionHostErrors: () =>
      logs()
        .filter(({ file }) => file.endsWith("remoteexthost.log"))
        .flatMap(({ text }) => text.split("\n").filter((line) => line.includes("[error]"))),
    stop: async () => {
      await browser.close();
      proxy.stop();
      await running.stop();
      drop();
    },
  };
}

/** Headless Chromium of the system. No sandbox: it needs user namespaces, which containers lack; only our own pages are opened. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium on the PATH; set CHROMIUM to its path");
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  return chromium.launch({
    executablePath,
    headless: process.env["FUSIONSCOPE_HEADED"] === undefined,
    args: [...args, "--disable-component-update", "--disable-sync"],
  });
}

function readLogs(folder: string): { file: string; text: string }[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => ({ file: path.relative(folder, file), text: readFileSync(file, "utf8") }));
  } catch {
    return []; // the first window has not been opened yet
  }
}
