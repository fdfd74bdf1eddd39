// ELK in the page: asked for once a small picture has ways that cross, and done without where the host has none.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { mlp } from "./fixture.ts";
import { launch, noChromium, open } from "./page.ts";
import { syntheticMessages } from "./synthetic.ts";

describe("ELK", { skip: noChromium }, () => {
  let browser: Browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  for (const has of [true, false]) {
    test(has ? "improves a small picture" : "may be missing", async () => {
      const source = has ? readFileSync("node_modules/elkjs/lib/elk-worker.min.js", "utf8") : undefined;
      const opened = await open(browser, { messages: syntheticMessages(66), ...(source ? { replies: { elk: { source } } } : {}) });
      await opened.page.waitForSelector("body[data-still=true]", { timeout: 40_000 });
      assert.equal((await opened.sent()).filter(({ name }) => name === "elk").length, 1);
      const logged = (await opened.sent()).filter(({ type }) => type === "log");
      assert.deepEqual(logged, []);
      assert.deepEqual(opened.errors, []);
      await opened.page.context().close();
    });
  }

  test("is not asked about pictures in which nothing crosses", async () => {
    const opened = await open(browser, mlp());
    await opened.page.waitForSelector("body[data-still=true]", { timeout: 40_000 });
    assert.equal((await opened.sent()).filter(({ name }) => name === "elk").length, 0);
    await opened.page.context().close();
  });
});
