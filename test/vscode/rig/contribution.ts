// Something of the extension that is on the screen once its package.json is registered. A file that is opened earlier gets the text editor.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Page } from "playwright-core";

interface Manifest {
  readonly contributes?: {
    readonly viewsContainers?: { readonly activitybar?: readonly { readonly title: string }[] };
    readonly views?: { readonly explorer?: readonly { readonly name: string }[] };
    readonly commands?: readonly { readonly title: string; readonly category?: string }[];
  };
}

/** The manifest, with the texts of package.nls.json in their places. */
function readManifest(extensionFolder: string): Manifest {
  const texts = path.join(extensionFolder, "package.nls.json");
  const words = existsSync(texts) ? (JSON.parse(readFileSync(texts, "utf8")) as Record<string, string>) : {};
  const manifest = readFileSync(path.join(extensionFolder, "package.json"), "utf8");
  return JSON.parse(manifest, (_key, value: unknown) => {
    const name = typeof value === "string" ? /^%(.+)%$/.exec(value)?.[1] : undefined;
    return name === undefined ? value : (words[name] ?? value);
  }) as Manifest;
}

/** Waits until the extension's contributions are in. */
export async function waitForContributions(page: Page, extensionFolder: string, timeout: number): Promise<void> {
  const { contributes } = readManifest(extensionFolder);
  const bar = contributes?.viewsContainers?.activitybar?.[0];
  const view = contributes?.views?.explorer?.[0];
  const command = contributes?.commands?.[0];
  if (bar) await page.locator(`.activitybar .action-label[aria-label="${bar.title}"]`).first().waitFor({ timeout });
  else if (view) await page.locator(".pane-header").filter({ hasText: view.name }).first().waitFor({ timeout });
  else if (command) await waitForCommand(page, command.category ? `${command.category}: ${command.title}` : command.title, timeout);
}

async function waitForCommand(page: Page, title: string, timeout: number): Promise<void> {
  const limit = Date.now() + timeout;
  const row = page.locator(".quick-input-widget .monaco-list-row").filter({ hasText: title }).first();
  while (Date.now() < limit) {
    await page.keyboard.press("F1");
    const input = quickInput(page);
    await input.waitFor();
    await input.fill(`>${title}`);
    const seen = await row.waitFor({ timeout: 1000 }).then(
      () => true,
      () => false,
    );
    await page.keyboard.press("Escape");
    if (seen) return;
  }
  throw new Error(`the command ${title} did not appear`);
}

/** The text field of the command palette and its kin. */
export function quickInput(page: Page): ReturnType<Page["locator"]> {
  return page.locator(".quick-input-widget:visible input[type=text], .quick-input-widget:visible input.input").first();
}
