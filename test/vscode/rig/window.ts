// A window of VS Code: opened on a folder, driven as a user does.
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { type BrowserContext, type Frame, type Page } from "playwright-core";
import { root } from "../../../scripts/setup/terminal.mjs";
import { quickInput, waitForContributions } from "./contribution.ts";
import { untilSeen } from "./repeat.ts";
import { type Session } from "./session.ts";
import { type FrameOptions, webviewFrame } from "./webview-frame.ts";
import { WindowLog } from "./window-log.ts";

export interface WindowOptions {
  readonly folder: string;
  /** The extension to load from its folder: default this repository; `installed` for one that a VSIX brought. */
  readonly extension?: string | "installed";
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Milliseconds until the window and the extension's contributions are there. */
  readonly timeout?: number;
  /** Called with the page before it goes to the workbench. */
  readonly beforeOpen?: (page: Page) => Promise<void>;
  /** Module to run in the extension host instead of waiting for the window: see extension-tests.ts. */
  readonly testsModule?: string;
}

/** The four kinds of theme: the label of one theme of each kind, and the classes that workbench and pages have in it. */
export const themes = {
  dark: { label: "Dark Modern", workbenchClass: "vs-dark", pageClass: "vscode-dark" },
  light: { label: "Light Modern", workbenchClass: "vs", pageClass: "vscode-light" },
  "hc-dark": { label: "Dark High Contrast", workbenchClass: "hc-black", pageClass: "vscode-high-contrast" },
  "hc-light": { label: "Light High Contrast", workbenchClass: "hc-light", pageClass: "vscode-high-contrast-light" },
} as const;

export type ThemeKind = keyof typeof themes;

/** Screenshots of failures and of what tests want to show. */
export const resultsFolder = path.join(root, "test-results");

export class VscodeWindow {
  private constructor(
    readonly session: Session,
    readonly page: Page,
    readonly context: BrowserContext,
    readonly log: WindowLog,
  ) {}

  static async open(session: Session, options: WindowOptions): Promise<VscodeWindow> {
    const extension = options.extension ?? root;
    if (extension === root) assertBuilt();
    const timeout = options.timeout ?? 60_000;
    const viewport = options.viewport ?? { width: 1400, height: 900 };
    const context = await session.browser.newContext({ viewport, colorScheme: "light", serviceWorkers: "allow" });
    const page = await context.newPage();
    page.setDefaultTimeout(40_000);
    const window = new VscodeWindow(session, page, context, new WindowLog(context, page));
    try {
      await options.beforeOpen?.(page);
      await page.goto(address(session, { ...options, extension }), { timeout });
      if (options.testsModule !== undefined) return window; // it may end before it is complete
      await page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout });
      await waitForContributions(page, extension === "installed" ? root : extension, timeout);
      return window;
    } catch (error) {
      const shot = await window.screenshot(`open-${process.pid}`).catch(() => "none");
      const facts = [`screenshot: ${shot}`, ...window.log.errors().map(({ text }) => text), ...session.extensionHostErrors()];
      await window.close().catch(() => undefined);
      throw new Error(`the window did not open: ${String(error)}\n${facts.join("\n")}\n${session.output().slice(-2000)}`, { cause: error });
    }
  }

  /** Runs a command by its title in the palette ("Category: Title"). */
  async command(title: string): Promise<void> {
    await this.#palette(title);
    await this.page
      .locator(".quick-input-widget")
      .waitFor({ state: "hidden", timeout: 5000 })
      .catch(() => undefined); // the command asks something itself
  }

  async #palette(title: string): Promise<void> {
    await this.palette("");
    await this.#pick(`>${title}`, title);
  }

  /** Opens the command palette with a text in it. */
  async palette(text: string): Promise<void> {
    // A page that is just coming up swallows keys.
    await untilSeen("the command palette", () => this.page.keyboard.press("F1"), {
      seen: () => quickInput(this.page).isVisible(),
      begun: () => quickInput(this.page).isVisible(),
    });
    if (text !== "") await quickInput(this.page).fill(text);
  }

  /** Types into the open quick input and takes the row with that label; the best match of the palette is often another one. */
  async #pick(text: string, label: string): Promise<void> {
    const input = quickInput(this.page);
    await input.waitFor();
    await input.fill(text);
    const row = `.quick-input-widget .monaco-list-row`;
    const name = JSON.stringify(label);
    await this.page
      .locator(`${row}[aria-label=${name}], ${row}[aria-label^=${JSON.stringify(`${label},`)}]`)
      .first()
      .click();
  }

  /** Brings the Explorer into the side bar; clicking its icon twice would close it. */
  async showExplorer(): Promise<void> {
    const view = this.page.locator(".explorer-folders-view");
    const icon = this.page.locator('.activitybar .action-label[aria-label^="Explorer"]');
    await untilSeen("the Explorer", () => icon.click(), { seen: () => view.isVisible(), begun: () => view.isVisible() });
  }

  /** Opens a file of the folder by a double click in the Explorer (a single click opens a preview). */
  async openFile(name: string): Promise<void> {
    const row = this.page.locator(".explorer-folders-view .monaco-list-row").filter({ hasText: name }).first();
    const tab = this.page.locator(".editor-group-container.active .tab.active").filter({ hasText: name });
    await untilSeen(`opening ${name}`, () => row.dblclick(), { seen: () => tab.isVisible(), again: 10_000 });
  }

  /** Opens a model and gives the inspector's page. Open the next one only when this one is there: see docs/development.md. */
  async openModel(name: string, options: FrameOptions = {}): Promise<Frame> {
    await this.openFile(name);
    return webviewFrame(this.page, { timeout: 60_000, ...options });
  }

  /** The page of the webview in the active editor. */
  webview(options: FrameOptions = {}): Promise<Frame> {
    return webviewFrame(this.page, options);
  }

  /** Switches the colour theme as a user does, with the palette. */
  async setTheme(kind: ThemeKind): Promise<void> {
    const { label, workbenchClass } = themes[kind];
    await this.#palette("Preferences: Color Theme");
    await this.page.locator('.quick-input-widget input[placeholder*="Theme"]').waitFor();
    await this.#pick(label, label);
    await this.page.locator(`.monaco-workbench.${workbenchClass}`).waitFor();
  }

  /** Saves test-results/vscode-<version>-<name>.png. @returns its path */
  async screenshot(name: string): Promise<string> {
    mkdirSync(resultsFolder, { recursive: true });
    const file = path.join(resultsFolder, `vscode-${this.session.vscode}-${name}.png`);
    await this.page.screenshot({ path: file });
    return file;
  }

  /** Texts of the toasts, errors or not. */
  notifications(): Promise<string[]> {
    return this.page.locator(".notifications-toasts .notification-toast").allInnerTexts();
  }

  /** The error toasts and dialogs that a user would see now. */
  async visibleErrors(): Promise<string[]> {
    const toasts = await this.page.locator(".notification-toast:has(.codicon-error)").allInnerTexts();
    return [...toasts, ...(await this.page.locator(".monaco-dialog-box:visible").allInnerTexts())];
  }

  /** Everything that went wrong: window, webviews, workers, extension host. A test asserts that it is empty. */
  errors(): string[] {
    return [...this.log.errors().map(({ kind, text }) => `${kind}: ${text}`), ...this.session.extensionHostErrors()];
  }

  close(): Promise<void> {
    return this.context.close();
  }
}

/** A window with half of an extension would wait for long, and say little. */
function assertBuilt(): void {
  const parts = ["extension.cjs", "compiler-worker.cjs", "webview.js"].map((file) => path.join(root, "dist", file));
  const missing = parts.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`the extension is not built: ${missing.join(", ")} missing`);
}

function address(session: Session, options: WindowOptions & { extension: string }): string {
  const uri = (file: string): string => `vscode-remote://${session.authority}${encodeURI(path.resolve(file))}`;
  const payload: [string, string][] = [];
  if (options.extension !== "installed") payload.push(["extensionDevelopmentPath", uri(options.extension)]);
  if (options.testsModule !== undefined) payload.push(["extensionTestsPath", uri(options.testsModule)]);
  const query = new URLSearchParams({ folder: path.resolve(options.folder), payload: JSON.stringify(payload) });
  return `${session.url}/?${query.toString()}`;
}
