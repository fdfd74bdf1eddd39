/** What is not compiled, and graphs inside of the model, from a real compilation. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { compiledFixture } from "./compiled-fixture.ts";
import { insideModel } from "./inside-model.ts";
import { launch, noChromium, open, type Opened } from "./page.ts";

const settled = (page: Page): Promise<unknown> => page.waitForSelector("body[data-still=true]", { timeout: 40_000 });

describe("what is not compiled", { skip: noChromium }, () => {
  let browser: Browser;
  let opened: Opened;
  let page: Page;
  const bodies = ["#1/then_branch", "#1/else_branch", "#2/Twice"];
  before(async () => {
    browser = await launch();
    opened = await open(browser, compiledFixture("inside.onnx", insideModel(), bodies));
    page = opened.page;
    await settled(page);
  });
  after(() => browser.close());

  const rows = (): Promise<string[]> => page.locator("#list-nodes .row .node-op").allInnerTexts();
  const heading = (): Promise<string> => page.innerText(".graph-heading");
  const node = async (name: string): Promise<void> => page.locator("#list-nodes .row").filter({ hasText: name }).first().click();

  test("the status line says how much is compiled, the details who runs the rest", async () => {
    const status = (await page.innerText(".status-line")).replaceAll(/\s+/g, " ");
    assert.match(status, /compiled: \d+ of \d+ nodes/);
    assert.doesNotMatch(status, /\?/);
    const details = await page.innerText(".details");
    assert.match(details, /Not compiled \(\d+\)/i);
    assert.match(details, /Mystery #3: .*not supported/);
    assert.match(details, /on ONNX Runtime in \d call/);
  });

  test("an operator that is not compiled is named as in the file, with its reason and attributes", async () => {
    await node("Mystery");
    const details = await page.innerText(".details");
    assert.match(details, /com\.example\.Mystery/);
    assert.match(details, /Why\s+.*not supported/);
    assert.match(details, /left to ONNX Runtime/);
    assert.match(details, /words = \["a", "b"\]/);
    assert.match(details, /work not known: Mystery is not compiled at this stage/);
  });

  test("a node with graphs inside is entered, its other graph, and left again", async () => {
    await node("choice");
    assert.match(await page.innerText(".details"), /Graphs inside[^]*then_branch 2 nodes[^]*else_branch 1 node/i);
    await page.focus(".graph-frame");
    await page.keyboard.press("Enter");
    await page.locator(".graph-heading").filter({ hasText: "then_branch" }).waitFor();
    await settled(page);
    assert.deepEqual(await rows(), ["Add", "Relu"]);
    await node("cut");
    const inside = await page.innerText(".details");
    assert.match(inside, /Relu/);
    assert.match(inside, /Relu cut/, "its place in the file");
    await page.click(".graph-heading >> text=else_branch");
    await page.locator(".graph-heading strong").filter({ hasText: "else_branch" }).waitFor();
    assert.deepEqual(await rows(), ["Neg"]);
    await page.focus(".graph-frame");
    await page.keyboard.press("Backspace");
    await settled(page);
    assert.match(await heading(), /import/);
    assert.match(await page.innerText("#list-nodes [aria-selected=true]"), /If/, "the node that was entered is selected");
  });

  test("the function behind a node of its body", async () => {
    await node("sum");
    await page.locator(".details .link", { hasText: "Twice" }).first().click();
    await page.locator(".graph-heading strong").filter({ hasText: "Twice" }).waitFor();
    assert.deepEqual(await rows(), ["Add"]);
    await page.keyboard.press("j");
    await page.locator(".graph-heading strong").filter({ hasText: "Twice" }).waitFor({ state: "detached" });
  });

  test("nothing went wrong", () => assert.deepEqual(opened.errors, []));
});
