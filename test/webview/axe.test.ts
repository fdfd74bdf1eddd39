import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import type { AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import { mlp } from "./fixture.ts";
import { launch, noChromium, open } from "./page.ts";
import { themeNames } from "./themes.ts";

const axeSource = noChromium ? "" : readFileSync(createRequire(`${process.cwd()}/`).resolve("axe-core/axe.min.js"), "utf8");
const views = ["graph", "kernels", "buffers", "bench"] as const;

describe("accessibility", { skip: noChromium }, () => {
  let browser: Browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  for (const theme of themeNames) {
    test(`axe finds nothing in any view, ${theme}`, async () => {
      const { page } = await open(browser, { ...mlp(), theme });
      await page.waitForSelector("body[data-settled=true]");
      await page.evaluate(axeSource);
      await page.click("#tab-groups");
      await page.click("#group-1");
      for (const [i, view] of views.entries()) {
        await page.click(`#tab-${view}`);
        if (view === "bench") {
          await page.click("text=Run benchmark");
          await page.waitForSelector(".bench-result");
        }
        await page.waitForTimeout(400);
        if (i === 1) await page.click("#tab-nodes");
        // What the page looks like inside VS Code is one frame of many: landmarks and headings of the window are the editor's.
        const rules = { "page-has-heading-one": { enabled: false }, region: { enabled: false } };
        const { violations } = await page.evaluate<AxeResults>(`axe.run(document, { rules: ${JSON.stringify(rules)} })`);
        const found = violations.map(
          ({ id, nodes }) =>
            `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary?.replaceAll("\n", " ").slice(0, 220) ?? ""}`).join("\n   ")}`,
        );
        assert.deepEqual(found, [], view);
      }
      await page.context().close();
    });
  }

  test("every control can be reached with the Tab key, and the focus is visible", async () => {
    const { page } = await open(browser, mlp());
    await page.waitForSelector("body[data-settled=true]");
    const seen = new Set<string>();
    for (let i = 0; i < 40; i += 1) {
      await page.keyboard.press("Tab");
      const focused = (await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return undefined;
        const style = getComputedStyle(element);
        const inner = element.shadowRoot?.activeElement;
        const outlined =
          style.outlineStyle !== "none" ||
          (inner ? getComputedStyle(inner).outlineStyle !== "none" || getComputedStyle(inner).borderStyle !== "none" : false);
        return {
          name: element.getAttribute("aria-label") ?? element.textContent?.trim().slice(0, 40) ?? "",
          outlined: outlined || element.tagName.startsWith("VSCODE-"),
        };
      })) as { name: string; outlined: boolean } | undefined;
      if (!focused) continue;
      seen.add(focused.name);
      assert.ok(focused.outlined, `the focus on "${focused.name}" cannot be seen`);
    }
    for (const name of ["Passes", "Nodes of the graph", "Stage", "Instruction set", "Show the whole graph (0)"])
      assert.ok(seen.has(name), `${name} is not reached; reached: ${[...seen].join(", ")}`);
    assert.ok(
      [...seen].some((name) => name.startsWith("Graph. Arrow keys")),
      "the canvas is reached",
    );
    await page.context().close();
  });
});
