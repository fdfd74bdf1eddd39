// The fusion view and the memory view with the real compiler behind the page: their numbers are the command's, a group lights its nodes, and a
// what-if is compiled and compared.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { bytesText } from "../../webview/model/format.ts";
import { example } from "../vscode/models.ts";
import { workerBundle } from "./live-host.ts";
import { clean, ModelView } from "./model-view.ts";
import { launch, noChromium } from "./page.ts";

describe("fusion and memory", { skip: noChromium }, () => {
  let browser: Browser;
  let worker: Awaited<ReturnType<typeof workerBundle>>;
  before(async () => {
    [browser, worker] = await Promise.all([launch(), workerBundle()]);
  });
  after(async () => {
    await browser.close();
    worker.remove();
  });

  test("every group has the command's numbers", async () => {
    const view = await ModelView.open(browser, worker.file, example);
    await view.assertNumbers(example);
    await view.close();
  });

  test("a group lights its nodes on the graph above, and a node its group", async () => {
    const view = await ModelView.open(browser, worker.file, example);
    const { page, live } = view;
    await page.keyboard.press("5");
    assert.ok(await page.isVisible("#view-graph"), "the graph is above");
    const group = live.summary?.groups.find(({ template, members }) => template === "matmul" && members.length > 1);
    await page.click(`.fusion-row[data-group="${group?.id}"]`);
    assert.deepEqual([...(await view.selected())].sort(), group?.members.map(({ node }) => node).sort());
    await view.command({ name: "select-node", node: live.summary?.groups.at(-1)?.members[0]?.node ?? -1 });
    await page.keyboard.press("5");
    const lit = await page.getAttribute(".fusion-row[aria-selected=true]", "data-group");
    assert.equal(lit, String(live.summary?.groups.at(-1)?.id));
    await page.click('button[aria-label="Show the graph above"] >> visible=true');
    assert.equal(await page.isVisible("#view-graph"), false);
    await view.close();
  });

  test("what if: compiled apart, compared by lineage, and kept", async () => {
    const view = await ModelView.open(browser, worker.file, example);
    const { page, live } = view;
    await page.keyboard.press("5");
    await page.click(".fusion-chip >> nth=1");
    const told = live.summary?.verdicts.find(({ rule }) => rule === "fuse/tile");
    const row = page.locator(`.fusion-edge.fused[data-nodes="${told?.nodes.join("-")}"]`).first();
    await row.click();
    await page.keyboard.press("Enter");
    await page.locator(".what-if-body").waitFor({ timeout: 30_000 });
    assert.equal(await page.getAttribute("#tab-fusion", "aria-selected"), "true", "the answer is where the question was");
    const card = clean(await page.textContent(".what-if"));
    assert.match(card, /Done: /);
    assert.match(card, /loop nests\d+\+/);
    assert.match(card, /was fused → .*forbidden/);
    await page.click("text=Keep it that way");
    await page.waitForFunction(
      () => document.querySelector(".what-if") === null || (document.querySelector(".what-if") as HTMLElement).hidden,
    );
    await page.locator(".pair-chips .chip").waitFor({ timeout: 30_000 });
    assert.equal(live.options.forbid.length, 1);
    await view.close();
  });

  test("the memory map has the plan's numbers; dragging and keys select what is alive", async () => {
    const view = await ModelView.open(browser, worker.file, example, { without: ["chain-nests"] });
    const { page, live } = view;
    const { memory, arenaBytes, buffers, groups } = live.summary ?? assert.fail("no summary");
    assert.ok(memory && arenaBytes > 0);
    await page.keyboard.press("3");
    await page.locator(".arena-bar").first().waitFor();
    const totals = clean(await page.textContent(".buffers .totals"));
    assert.ok(totals.includes(bytesText(memory.lowerBoundBytes)), totals);
    assert.equal(await page.locator(".arena-bar").count(), buffers.filter(({ scope, offset }) => scope === "arena" && offset >= 0).length);
    assert.equal(await page.locator(".peak-mark").count(), memory.culprits.length);
    await page.focus(".arena");
    await page.keyboard.press("ArrowRight");
    for (let step = 0; step < memory.peakStep; step++) await page.keyboard.press("ArrowRight");
    const note = clean(await page.textContent(".memory-note"));
    assert.ok(note.startsWith(`step ${memory.peakStep} ${memory.steps[memory.peakStep]?.name}`), note);
    assert.ok(note.includes(`${bytesText(memory.steps[memory.peakStep]?.aliveBytes ?? 0)} alive`), note);
    const running = groups.find(({ id }) => id === memory.steps[memory.peakStep]?.group)?.members.map(({ node }) => node) ?? [];
    const nodes = await view.selected();
    assert.ok(running.length > 0 && running.every((node) => nodes.includes(node)), "what runs then is among them");
    await page.keyboard.press("Shift+ArrowLeft");
    if (memory.peakStep > 0) assert.match(clean(await page.textContent(".memory-note")), /^steps \d+ to \d+/);
    await page.keyboard.press("Escape");
    assert.equal(clean(await page.textContent(".memory-note")), "");
    assert.equal((await view.selected()).length, 0);
    await page.click(".memory-tools .segment >> text=Without");
    const tops = await page.$$eval(".arena-bar > rect:first-child", (bars) => bars.map((b) => Math.round(Number(b.getAttribute("y")))));
    assert.equal(new Set(tops).size, tops.length, "no two buffers at one height without reuse");
    const box = (await page.locator(".arena svg").boundingBox()) ?? assert.fail("no map");
    await page.mouse.move(box.x + 80, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 80, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    assert.match(clean(await page.textContent(".memory-note")), new RegExp(`^steps 0 to ${memory.steps.length - 1}: `));
    await page.click(".memory-tools .segment >> text=Weights");
    const weights = buffers.filter(({ scope }) => scope === "packed" || scope === "weight").length;
    assert.equal(await page.locator(".arena-bar").count(), weights);
    await view.close();
  });
});
