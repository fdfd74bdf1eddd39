// Finds the document that an extension wrote into its webview:
//   workbench > iframe.webview.ready (one per webview, an overlay at the end of <body>) > iframe#active-frame (the extension's page)
import { type ElementHandle, type Frame, type Locator, type Page } from "playwright-core";

export interface FrameOptions {
  readonly extensionId?: string;
  /** The area that the webview covers; default: the active editor group. */
  readonly within?: Locator;
  readonly timeout?: number;
}

/** The frame dies with a reload or when the extension sets its html again: ask again then. */
export async function webviewFrame(page: Page, options: FrameOptions = {}): Promise<Frame> {
  const limit = Date.now() + (options.timeout ?? 40_000);
  const selector = options.extensionId ? `iframe.webview.ready[src*="extensionId=${options.extensionId}&"]` : "iframe.webview.ready";
  const within = (options.within ?? page.locator(".editor-group-container.active")).first();
  let why = "no iframe.webview.ready";
  while (Date.now() < limit) {
    for (const outer of await page.locator(selector).elementHandles()) {
      const found = await frameOf(outer, within);
      if (typeof found !== "string") return found;
      why = found;
    }
    await page.waitForTimeout(50);
  }
  throw new Error(`no webview: ${why}`);
}

/** The frame inside, or why it is not the one. Hidden webviews (other tabs) stay in the document. */
async function frameOf(outer: ElementHandle, within: Locator): Promise<Frame | string> {
  if (!(await outer.isVisible().catch(() => false))) return "only hidden webviews";
  const area = await within.boundingBox({ timeout: 1000 }).catch(() => null);
  const box = await outer.boundingBox();
  if (!box || !area) return "no area";
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  if (x < area.x || y < area.y || x > area.x + area.width || y > area.y + area.height) return "a webview elsewhere";
  const inner = await (await outer.contentFrame())?.$("#active-frame");
  const frame = await inner?.contentFrame();
  const isComplete = (): boolean => document.readyState === "complete" && document.body?.childElementCount > 0;
  return frame && (await frame.evaluate(isComplete).catch(() => false)) ? frame : "no complete #active-frame";
}
