/** Opens the built page in Chromium under its real policy, with a host made of recorded messages. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";
import type { TextReply, ToPage } from "#protocol";
import { pageHtml } from "../../webview/page-html.ts";
import { encodeRecorded } from "../../webview/recorded.ts";
import { themeCss, type ThemeName } from "./themes.ts";

const root = process.cwd();
export const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Why the page can't be tested here; undefined when it can. */
export const noChromium = existsSync(chromiumPath) ? undefined : `no Chromium at ${chromiumPath} (set CHROMIUM)`;

let bundle: Promise<{ script: string; style: string }> | undefined;

/** Builds the page as esbuild.mjs does. */
export function pageBundle(): Promise<{ script: string; style: string }> {
  bundle ??= (async () => {
    const scripts = (await import(path.join(root, "scripts/bundles/table.mjs"))) as {
      bundleOptions: (o: { minify: boolean }) => { outfile: string }[];
    };
    const options = scripts.bundleOptions({ minify: true }).find(({ outfile }) => outfile.endsWith("webview.js"));
    if (!options) throw new Error("the page is not in the table of bundles");
    const result = await build({ ...options, write: false });
    const text = (suffix: string): string => result.outputFiles.find((file) => file.path.endsWith(suffix))?.text ?? "";
    return { script: text(".js"), style: text(".css") };
  })();
  return bundle;
}

export function launch(): Promise<Browser> {
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-sync",
  ];
  return chromium.launch({ executablePath: chromiumPath, args });
}

export interface OpenOptions {
  readonly messages: readonly ToPage[];
  readonly texts?: Readonly<Record<string, TextReply>>;
  /** Replies to other requests by name. */
  readonly replies?: Readonly<Record<string, unknown>>;
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly reducedMotion?: boolean;
  /** Device pixels per CSS pixel: 2 is a zoom of 200 % on the same screen. */
  readonly scale?: number;
  /** Runs in the page before anything else. */
  readonly init?: string;
  /** A host that answers for itself instead of the recorded messages: gets the way to the page, gives where the page's messages go. */
  readonly host?: (deliver: (message: ToPage) => void) => (message: unknown) => void;
}

export interface Opened {
  readonly page: Page;
  /** Console errors, page errors and policy violations so far. */
  readonly errors: string[];
  /** Messages that the page sent. */
  sent(): Promise<{ type: string; [key: string]: unknown }[]>;
  deliver(message: ToPage): Promise<void>;
  /** One after the other. */
  deliverAll(messages: readonly ToPage[]): Promise<void>;
}

/** A page that has said `ready` and got all its messages. */
export async function open(browser: Browser, options: OpenOptions): Promise<Opened> {
  const { messages, texts = {}, replies = {}, theme = "dark", width = 1400, height = 900, reducedMotion = false, scale = 1 } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    reducedMotion: reducedMotion ? "reduce" : "no-preference",
  });
  const page = await context.newPage();
  if (options.init) await page.addInitScript(options.init);
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error.stack ?? error)));
  const deliver = (message: ToPage): Promise<void> =>
    page.evaluate(`window.postMessage(recordedCodec.decodeRecorded(${JSON.stringify(encodeRecorded(message))}), "*")`);
  if (options.host) {
    const receive = options.host((message) => void deliver(message).catch(() => undefined)); // the page may be closed by now
    await page.exposeFunction("askHost", (text: string) => receive(JSON.parse(text)));
  }
  const decoder = readFileSync(path.join(root, "webview/recorded.ts"), "utf8");
  const { code } = await (await import("esbuild")).transform(decoder, { loader: "ts", format: "iife", globalName: "recordedCodec" });
  await page.addInitScript(
    `${code}; window.recordedCodec = recordedCodec; (${fakeHost.toString()})(recordedCodec.decodeRecorded(${JSON.stringify(encodeRecorded({ messages, texts, replies }))}));`,
  );
  const html = pageHtml({ nonce: "testnonce", ...(await pageBundle()) })
    .replace('<html lang="en">', `<html lang="en"><style nonce="testnonce">${themeCss(theme)}</style>`)
    .replace("<body>", `<body class="vscode-${theme}${reducedMotion ? " vscode-reduce-motion" : ""}">`);
  await page.route("http://page.test/", (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto("http://page.test/");
  await page.waitForSelector("body[data-ready]", { timeout: 30_000 });
  return {
    page,
    errors,
    sent: () => page.evaluate("window.sentMessages") as Promise<{ type: string }[]>,
    deliver,
    deliverAll: (list) =>
      page.evaluate(
        `for (const message of recordedCodec.decodeRecorded(${JSON.stringify(encodeRecorded(list))})) window.postMessage(message, "*")`,
      ),
  };
}

/** Runs in the page before its script: what VS Code would give it. */
function fakeHost(record: { messages: ToPage[]; texts: Record<string, unknown>; replies: Record<string, unknown> }): void {
  const sent: unknown[] = [];
  const scope = window as unknown as Record<string, unknown>;
  const deliver = (message: unknown): void => window.postMessage(message, "*");
  scope.sentMessages = sent;
  scope.acquireVsCodeApi = () => ({
    postMessage: (message: { type: string; id: number; name: string; arg: { kind?: string; stage?: number; path?: string } }) => {
      sent.push(JSON.parse(JSON.stringify(message)));
      if (scope.askHost) return void (scope.askHost as (text: string) => unknown)(JSON.stringify(message));
      if (message.type === "ready") for (const item of record.messages) deliver(item);
      if (message.type !== "request") return;
      const found =
        message.name === "text"
          ? record.texts[`${message.arg.kind}:${message.arg.stage}`]
          : message.name === "saveState"
            ? null
            : (record.replies[message.name] ?? record.replies[`${message.name}:${message.arg.path}`]);
      if (found === undefined)
        deliver({ type: "error", id: message.id, error: { code: "test", message: `No ${message.name} here.`, next: "" } });
      else setTimeout(() => deliver({ type: "reply", id: message.id, result: found }), (scope.replyMs as number | undefined) ?? 5);
    },
  });
}

/** Waits until nothing moves, and no better placement is awaited. */
export async function still(page: Page): Promise<void> {
  await page.waitForTimeout(60);
  await page.waitForSelector("body[data-still=true]", { timeout: 40_000 });
}

/** Chooses in one of the toolbar's selects. */
export async function choose(page: Page, label: string, value: string): Promise<void> {
  await page.evaluate(
    ([name, wanted]) => {
      const select = document.querySelector(`vscode-dropdown[aria-label="${name}"]`) as HTMLElement & { value: string };
      select.value = wanted as string;
      select.dispatchEvent(new Event("change"));
    },
    [label, value],
  );
  await still(page);
}
