// Everything that goes wrong in a window, its webviews and their workers.
import { type BrowserContext, type Page } from "playwright-core";

export interface LogEntry {
  readonly kind: string;
  readonly text: string;
  readonly url: string;
}

/** Said by every start of the workbench, whatever the extension does. */
const noise = [
  /vsda/,
  /\[Service Worker\] registration/,
  /allow-scripts and allow-same-origin/,
  /same-origin iframe/,
  /_static\/(src|out)\/browser/,
  /Failed to load resource: the server responded with a status of 404/,
  /A bad HTTP response code \(404\) was received when fetching the script/,
  /manifest\.json/,
  /waiting for authentication provider/,
  /Aborted onWillSaveTextDocument-event/, // a busy machine
  /net::ERR_ABORTED blob:/, // a page was hidden, or its layout called off, while a worker loaded
];

const bad = new Set(["error", "pageerror", "crash", "requestfailed", "http"]);

export class WindowLog {
  readonly entries: LogEntry[] = [];

  constructor(context: BrowserContext, page: Page) {
    const record = (kind: string, text: string, url = ""): void => void this.entries.push({ kind, text, url });
    page.on("console", (message) => record(message.type(), message.text(), message.location().url));
    context.on("weberror", (error) => record("pageerror", String(error.error().stack ?? error.error())));
    page.on("crash", () => record("crash", "the page crashed"));
    page.on("requestfailed", (request) => record("requestfailed", `${request.failure()?.errorText} ${request.url()}`));
    page.on("response", (response) => {
      if (response.status() >= 400) record("http", `${response.status()} ${response.url()}`);
    });
  }

  errors(): LogEntry[] {
    return this.entries.filter(({ kind, text, url }) => bad.has(kind) && !noise.some((pattern) => pattern.test(text) || pattern.test(url)));
  }
}
