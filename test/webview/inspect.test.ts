/** The page that the command makes: a real compilation, no host, opened from the disk. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { insideModel } from "./inside-model.ts";
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
      const apart = ["--without", "chain-nests"]; // in one nest it has no arena
      const { file, recordBytes, textBytes } = inspect("test/data/example-mlp.onnx", colorScheme, ["--dim", "batch=8", ...apart]);
      assert.ok(recordBytes + textBytes < 60_000, `the record of an MLP takes ${recordBytes} and ${textBytes} bytes`);
      const { page, errors, requests } = await standalone(file, colorScheme);
      const passes = await page.locator(".row.pass").count();
      assert.ok(passes >= 5, `${passes} passes that changed something`);
      await page.focus(".passes");
      await page.keyboard.press("End");
      await page.click("#tab-groups");
      await page.locator('.list [role="option"] >> text=/matmul/').first().click();
      await page.waitForFunction("document.querySelector('.details').innerText.toLowerCase().includes('parameters')");
      await page.waitForSelector(".lineage li[data-level=loops]");
      const details = await page.innerText(".details");
      for (const part of [/matmul #\d+/, /Lineage/i, /\d+ lower\s+\w+: \d+ statements/, /fc1\/MatMul/, /fused or not/i, /lines \d+/])
        assert.match(details, part);
      await page.keyboard.press("2");
      await page.waitForSelector(".line.chosen");
      assert.ok((await page.locator('[aria-label="C++"] .line').count()) > 5);
      assert.ok((await page.locator('[aria-label="C++"] .line.chosen').count()) > 0, "lines of the group are marked");
      await page.keyboard.press("3");
      await page.waitForSelector(".arena-bar");
      assert.deepEqual(errors, []);
      assert.deepEqual(requests, [], "nothing is fetched");
      await page.context().close();
    });
  }

  test("graphs inside of the model can be entered", async () => {
    const model = path.join(folder, "inside.onnx");
    writeFileSync(model, insideModel());
    const { page, errors } = await standalone(inspect(model, "inside", []).file, "dark");
    await page.locator("#list-nodes .row").filter({ hasText: "choice" }).first().click();
    await page.locator(".details button").filter({ hasText: "then_branch" }).first().click();
    await page.locator("#list-nodes .row").filter({ hasText: "Relu" }).waitFor();
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  /** Runs the command. @returns the file and what the command says about it */
  function inspect(model: string, name: string, options: readonly string[]): { file: string; recordBytes: number; textBytes: number } {
    const file = path.join(folder, `${name}.html`);
    const args = ["bin/fusionscope", "inspect", model, "-o", file, "--json", ...options];
    const said = execFileSync(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
    const { bytes, recordBytes, textBytes } = JSON.parse(said) as { bytes: number; recordBytes: number; textBytes: number };
    assert.equal(statSync(file).size, bytes);
    return { file, recordBytes, textBytes };
  }

  /** Opens such a page from the disk and waits for its first picture. */
  async function standalone(file: string, colorScheme: "dark" | "light"): Promise<{ page: Page; errors: string[]; requests: string[] }> {
    const context = await browser.newContext({ colorScheme, viewport: { width: 1400, height: 900 } });
    const page = await context.newPage();
    const errors: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => !/^(file|blob|data):/.test(request.url()) && requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector("body[data-settled=true]", { timeout: 40_000 });
    return { page, errors, requests };
  }
});
