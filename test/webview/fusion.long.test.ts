// The fusion view of a quantised network, and a what-if that is built and measured.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { example } from "../vscode/models.ts";
import { workerBundle } from "./live-host.ts";
import { clean, ModelView } from "./model-view.ts";
import { launch, noChromium } from "./page.ts";

const noCompiler = missingNeeds(["compiler"]).length > 0 ? "no C++ compiler" : false;
const quantised = path.resolve("test/models/mnist-mlp-dynamic-int8.onnx");

describe("fusion, at length", { skip: noChromium }, () => {
  let browser: Browser;
  let worker: Awaited<ReturnType<typeof workerBundle>>;
  before(async () => {
    [browser, worker] = await Promise.all([launch(), workerBundle()]);
  });
  after(async () => {
    await browser.close();
    worker.remove();
  });

  test("every group of a quantised network has the command's numbers", async () => {
    const view = await ModelView.open(browser, worker.file, quantised);
    await view.assertNumbers(quantised);
    await view.close();
  });

  test("what if, measured: both builds in turns in one process", { skip: noCompiler }, async () => {
    const view = await ModelView.open(browser, worker.file, example);
    const { page, live } = view;
    await page.keyboard.press("5");
    await page.click(".fusion-chip >> nth=1");
    const told = live.summary?.verdicts.find(({ rule }) => rule === "fuse/tile");
    await page
      .locator(`.fusion-edge.fused[data-nodes="${told?.nodes.join("-")}"] .fusion-ask`)
      .first()
      .click();
    await page.locator(".what-if-body").waitFor({ timeout: 60_000 });
    await page.click("text=Measure both");
    await page.locator(".what-if-measured b").waitFor({ timeout: 300_000 });
    assert.match(clean(await page.textContent(".what-if-measured")), /measured: .* now, .* what if.*times as long \([\d.]+ to [\d.]+\)/);
    await view.close();
  });
});
