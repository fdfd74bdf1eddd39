import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import type { AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import type { ToPage } from "#protocol";
import { asOther } from "./compiled-fixture.ts";
import { mlp } from "./fixture.ts";
import { launch, noChromium, open } from "./page.ts";
import { themeNames } from "./themes.ts";

const axeSource = noChromium ? "" : readFileSync(createRequire(`${process.cwd()}/`).resolve("axe-core/axe.min.js"), "utf8");
const views = ["graph", "kernels", "buffers", "bench", "fusion"] as const;

describe("accessibility", { skip: noChromium }, () => {
  let browser: Browser;
  before(async () => (browser = await launch()));
  after(() => browser.close());

  // The darkest and the brightest; the rules of contrast see most there.
  const always: readonly string[] = ["dark", "hc-light"];
  for (const theme of themeNames) {
    const skip = always.includes(theme) || process.env.FUSIONSCOPE_LONG === "1" ? false : "with npm run test:long";
    test(`axe finds nothing in any view, ${theme}`, { skip }, async () => {
      const { page, deliver } = await open(browser, { ...mlp(), theme });
      await page.waitForSelector("body[data-settled=true]");
      await page.evaluate(axeSource);
      await page.click("#tab-groups");
      await page.click("#group-1");
      const clean = async (what: string): Promise<void> => {
        // What the page looks like inside VS Code is one frame of many: landmarks and headings of the window are the editor's.
        const rules = { "page-has-heading-one": { enabled: false }, region: { enabled: false } };
        // A theme changes colours only: what a page is built of is looked at once.
        const which = theme === "dark" ? { rules } : { runOnly: ["color-contrast", "link-in-text-block"] };
        const options = { ...which, resultTypes: ["violations"] };
        const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
        const found = violations.map(
          ({ id, nodes }) =>
            `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary?.replaceAll("\n", " ").slice(0, 220) ?? ""}`).join("\n   ")}`,
        );
        assert.deepEqual(found, [], what);
      };
      for (const [i, view] of views.entries()) {
        await page.click(`#tab-${view}`);
        if (view === "bench") {
          await page.click("text=Run benchmark");
          await page.waitForSelector(".bench-result");
        }
        await page.waitForTimeout(150);
        if (i === 1) await page.click("#tab-nodes");
        await clean(view);
      }
      await page.keyboard.press("Control+f");
      await page.keyboard.type("MatMul -> *");
      await page.click('[aria-label="What can be searched for"]');
      await clean("search and its help");
      await page.keyboard.press("Escape");
      await page.locator(".search").fill("opp:x");
      await page.click("#tab-graph");
      await deliver({ type: "command", command: { name: "show-stage", stage: 5 } });
      await page.keyboard.press("n");
      await clean("a rule hit, and a query that is none");
      await deliver({ type: "command", command: { name: "show-stage", stage: 11 } });
      await page.waitForSelector('.stage-text[data-shown="11"]');
      await clean("loops in the graph's place");
      const { options } = mlp().messages[1] as Extract<ToPage, { type: "generation" }>;
      const other = { id: 1, kind: "options", title: "until prepack-weights", ownTitle: "all passes", options } as const;
      for (const message of asOther(mlp({ failAt: 8 }), other)) await deliver(message);
      await page.waitForSelector(".compare-counts span");
      await clean("a comparison");
      await page.click("text=Numbers and decisions");
      await clean("a comparison in numbers");
      await page.click("#tab-fusion");
      await page.waitForSelector(".what-if-head");
      await clean("what if, above the groups");
      await page.context().close();
    });
  }

  test("axe finds nothing in a narrow page with a drawer or a menu open", async () => {
    const { page } = await open(browser, { ...mlp(), width: 760, height: 700 });
    await page.waitForSelector("body[data-settled=true]");
    await page.evaluate(axeSource);
    const rules = { "page-has-heading-one": { enabled: false }, region: { enabled: false } };
    const assertClean = async (what: string): Promise<void> => {
      const { violations } = await page.evaluate<AxeResults>(`axe.run(document, { rules: ${JSON.stringify(rules)} })`);
      assert.deepEqual(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" ")}`),
        [],
        what,
      );
    };
    await page.click('button[aria-label="Passes and nodes"]');
    await assertClean("passes");
    await page.click('button[aria-label="Details"]');
    await assertClean("details");
    await page.click('button[aria-label="Details"]');
    await page.click('button[aria-label^="More"]');
    await assertClean("menu");
    await page.context().close();
  });

  test("every view, the drawers and the graph's menu with the keyboard alone", async () => {
    const { page, errors } = await open(browser, { ...mlp(), width: 860 });
    await page.waitForSelector("body[data-settled=true]");
    const focused = (): Promise<string> =>
      page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText ?? ''") as Promise<string>;
    const tabTo = async (wanted: RegExp): Promise<void> => {
      for (let i = 0; i < 60; i += 1) {
        if (wanted.test(await focused())) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`${wanted} is not reached`);
    };
    await tabTo(/^Passes and nodes/);
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowDown");
    await page.waitForSelector('body:not([data-painted="0"])');
    await page.keyboard.press("Escape");
    assert.match(await focused(), /^Passes and nodes/);
    assert.equal(await page.isVisible(".side"), false);
    await tabTo(/^Graph\. Arrow keys/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Shift+F10");
    await page.waitForSelector("[role=menu]");
    assert.match(await focused(), /^Follow upstream/);
    await page.keyboard.press("End");
    assert.match(await focused(), /view as PNG/);
    await page.keyboard.press("Escape");
    assert.match(await focused(), /^Graph\. Arrow keys/);
    for (const [key, view] of [
      ["2", "kernels"],
      ["3", "buffers"],
      ["4", "bench"],
      ["5", "fusion"],
      ["1", "graph"],
    ] as const) {
      await page.keyboard.press(key);
      await page.waitForSelector(`#tab-${view}[aria-selected=true]`);
      await tabTo(new RegExp(`^${{ kernels: "Kernels", buffers: "Memory", bench: "Benchmark", fusion: "Fusion", graph: "Graph" }[view]}$`));
    }
    await page.keyboard.press("ArrowRight");
    await page.waitForSelector("#tab-kernels[aria-selected=true]");
    assert.deepEqual(errors, []);
    await page.context().close();
  });

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
