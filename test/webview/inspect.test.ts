/** The page that the command makes: a real compilation, no host, opened from the disk. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { launch, noChromium } from "./page.ts";

const needed = ["dist/cli.mjs", "dist/webview.js", "dist/webview.css"].filter((file) => !existsSync(file));
const skip = noChromium ?? (needed.length > 0 ? `not built: ${needed.join(", ")} (node esbuild.mjs)` : undefined);

describe("a page that stands alone", { skip }, () => {
  let browser: Browser;
  const folder = mkdtempSync(path.join(os.tmpdir(), "fusionscope-inspect-"));
  before(async () => (browser = await launch()));
  after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const colorScheme of ["dark", "light"] as const) {
    test(`a real compilation, ${colorScheme}`, async () => {
      const file = path.join(folder, `${colorScheme}.html`);
      execFileSync(process.execPath, ["bin/fusionscope", "inspect", "test/data/example-mlp.onnx", "-o", file, "--dim", "batch=8"], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const context = await browser.newContext({ colorScheme, viewport: { width: 1400, height: 900 } });
      const page = await context.newPage();
      const errors: string[] = [];
      const requests: string[] = [];
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("request", (request) => !/^(file|blob|data):/.test(request.url()) && requests.push(request.url()));
      await page.goto(pathToFileURL(file).href);
      await page.waitForSelector("body[data-settled=true]", { timeout: 40_000 });
      const passes = await page.locator(".row.pass").count();
      assert.ok(passes >= 5, `${passes} passes that changed something`);
      await page.focus(".passes");
      await page.keyboard.press("End");
      await page.click("#tab-groups");
      await page.locator('.list [role="option"] >> text=/matmul/').first().click();
      await page.waitForFunction("document.querySelector('.details').innerText.toLowerCase().includes('parameters')");
      const details = await page.innerText(".details");
      for (const part of [/matmul #\d+/, /Lineage/i, /fc1\/MatMul/, /why and why not/i, /lines \d+/]) assert.match(details, part);
      await page.keyboard.press("2");
      await page.waitForSelector(".line.chosen");
      assert.ok((await page.locator('[aria-label="C++"] .line').count()) > 5);
      assert.ok((await page.locator('[aria-label="C++"] .line.chosen').count()) > 0, "lines of the group are marked");
      await page.keyboard.press("3");
      await page.waitForSelector(".arena-bar");
      assert.deepEqual(errors, []);
      assert.deepEqual(requests, [], "nothing is fetched");
      await context.close();
    });
  }
});
