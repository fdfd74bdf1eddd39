// What the user can try and follow with the real compiler behind the page: another verdict, values of a weight, a line back to its nodes.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { PanelCommand, ToPage } from "#protocol";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { example } from "../vscode/models.ts";
import { LiveModel, scratchFolder, workerBundle } from "./live-host.ts";
import { launch, noChromium, open, type Opened } from "./page.ts";

const noCompiler = missingNeeds(["compiler"]).length > 0 ? "no C++ compiler" : false;
const last = (live: LiveModel): number =>
  Math.max(...(live.summary?.passes ?? []).filter((p) => p.name === "choose-tiles").map((p) => p.index));

/** Weights of rank 4, strings, and floats with NaN. */
function weights(): Uint8Array {
  const b = modelBuilder();
  const ramp = Float32Array.from({ length: 2 * 3 * 40 * 50 }, (_, i) => i);
  b.initializer("w", "f32", [2, 3, 40, 50], ramp);
  b.initializer("v", "f16", [5], new Uint8Array(new Uint16Array([0x3c00, 0x7e00, 0x0000, 0xfc00, 0x4000]).buffer));
  b.input("x", "f32", [2, 3, 40, 50]);
  b.input("z", "f16", [5]);
  b.node("Mul", ["x", "w"], "y");
  b.node("Add", ["z", "v"], "t");
  b.output("y", "f32", [2, 3, 40, 50]);
  b.output("t", "f16", [5]);
  return encodeModel(b.build());
}

describe("with the compiler", { skip: noChromium }, () => {
  let browser: Browser;
  let worker: Awaited<ReturnType<typeof workerBundle>>;
  let live: LiveModel;
  let opened: Opened;
  let page: Page;
  const folder = scratchFolder();
  before(async () => {
    [browser, worker] = await Promise.all([launch(), workerBundle()]);
  });
  after(async () => {
    await browser.close();
    worker.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (file: string): Promise<void> => {
    live = new LiveModel(worker.file, file);
    await live.compile();
    opened = await open(browser, { messages: [], host: live.host, reducedMotion: true });
    page = opened.page;
    await page.waitForFunction(() => document.body.dataset["painted"] !== undefined);
  };
  const stop = async (): Promise<void> => {
    assert.deepEqual(opened.errors, []);
    await page.context().close();
    live.close();
  };
  const command = (wanted: PanelCommand): Promise<void> => opened.deliver({ type: "command", command: wanted } as ToPage);
  const rule = (nodes: string): Promise<string | null> =>
    page.getAttribute(`.verdict[data-subject="fusion"][data-nodes="${nodes}"]`, "data-rule");

  test("a fusion is forbidden, allowed again, and one that cannot be forced says why before it is tried", async () => {
    await start(example);
    await command({ name: "show-stage", stage: last(live) });
    const fused = live.summary?.verdicts.find((v) => v.subject === "fusion" && v.rule === "fuse/tile");
    const key = fused?.nodes.join("-") ?? "";
    const groups = live.summary?.groups.length ?? 0;
    await command({ name: "select-node", node: fused?.nodes[1] ?? -1 });
    const card = page.locator(`.verdict[data-subject="fusion"][data-nodes="${key}"]`);
    await card.getByText("Forbid fusion").click();
    await page.waitForSelector(`.verdict[data-subject="fusion"][data-nodes="${key}"][data-rule="fuse/forbidden"]`);
    assert.match((await card.textContent()) ?? "", /Before \(fuse\/tile\): fused: computed on the register tile/);
    assert.ok((await page.textContent(".status-line"))?.includes(`${groups + 1} groups`));
    const chip = page.locator(".pair-chips .chip");
    assert.match((await chip.textContent()) ?? "", /^apart: Mat\w+ (?!#)\S+.* \+ Add (?!#)\S+/);
    assert.deepEqual(live.options.forbid.length, 1);

    await chip.getByRole("button").click();
    await page.waitForSelector(`.verdict[data-subject="fusion"][data-nodes="${key}"][data-rule="fuse/tile"]`);
    assert.equal(await chip.count(), 0);

    const refused = live.summary?.verdicts.find((v) => v.rule === "fuse/own-nest")?.nodes ?? [];
    await command({ name: "select-node", node: refused[1] ?? -1 });
    const stays = page.locator(`.verdict[data-subject="fusion"][data-nodes="${refused.join("-")}"]`);
    assert.equal(await stays.getByText("Force fusion").isDisabled(), true);
    assert.match((await stays.textContent()) ?? "", /cannot be forced: one nest has one leader/);
    assert.equal(await rule(refused.join("-")), "fuse/own-nest");
    await stop();
  });

  test("values of a weight: figures, any two axes, a file of NumPy", async () => {
    const file = path.join(folder, "weights.onnx");
    writeFileSync(file, weights());
    await start(file);
    await page.click("#list-nodes .row >> nth=0");
    await page.click("text=show values");
    const view = page.locator(".tensor-view");
    await view.locator(".histogram").waitFor();
    assert.match((await view.locator(".facts").textContent()) ?? "", /Elements12,000.*Range0 to 11999.*Mean6000/s);
    const cell = (row: number, column: number): Promise<string | null> =>
      view
        .locator(".grid-row")
        .nth(row + 1)
        .locator(".grid-cell")
        .nth(column + 1)
        .textContent();
    await view.locator(".grid-row").nth(1).waitFor();
    assert.deepEqual([await cell(0, 0), await cell(2, 1)], ["0", "101"]);
    await view.getByLabel("Position along axis 1").fill("2");
    await page.waitForFunction(() => document.querySelectorAll(".grid-row")[1]?.children[1]?.textContent === "4000");
    await view.locator(".tensor-grid").evaluate((grid) => grid.scrollTo(0, 38 * 18));
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".grid-row > :first-child")].some((label) => label.textContent === "39"),
    );
    const shown = await view.locator(".grid-row").last().locator(".grid-cell").allTextContents();
    assert.deepEqual([shown[0], shown[1]], ["39", String(4000 + 39 * 50)]);
    live.saveTo = path.join(folder, "w.npy");
    await view.getByText("Save as .npy").click();
    await view.getByText(/^Saved: .*w\.npy$/).waitFor();
    assert.equal(readFileSync(live.saveTo).length, 128 + 4 * 12000);

    await page.click("#list-nodes .row >> nth=1");
    await page.click("text=show values");
    await page.locator(".tensor-view .facts").filter({ hasText: "Not finite" }).waitFor();
    assert.match((await page.locator(".tensor-view .facts").textContent()) ?? "", /Range0 to 2.*Not finite1 NaN, 1 infinite/s);
    await stop();
  });

  test("a line of C++ or assembly leads back to its nodes", { skip: noCompiler }, async () => {
    await start(example);
    await command({ name: "show-stage", stage: last(live) });
    const fused = live.summary?.verdicts.find((v) => v.subject === "fusion" && v.rule === "fuse/tile");
    const node = fused?.nodes[1] ?? -1;
    await command({ name: "select-node", node });
    const places = (): Promise<string[]> =>
      page.locator(".lineage li[data-level=ir] .link, .lineage li[data-level=cpp] .link").allTextContents();
    const first = await places();
    assert.match(first[0] ?? "", /^matmul\w*: lines \d+–\d+$/, "what runs every time stands first");
    await page.click(".lineage li[data-level=asm] .link");
    await page.locator('.code-column[aria-label="Assembly"] .line').first().waitFor({ timeout: 120_000 });
    await page.waitForFunction(() =>
      /\d+ instructions, lines/.test(document.querySelector(".lineage li[data-level=asm]")?.textContent ?? ""),
    );
    assert.equal(await page.locator(".code-column").count(), 3, "the assembly joins what was there");
    assert.deepEqual(await places(), first, "the same before and after the texts came");
    for (const title of ["Loops", "C++", "Assembly"]) {
      await command({ name: "select-node", node });
      const chosen = page.locator(`.code-column[aria-label="${title}"] .line.chosen`).first();
      await chosen.waitFor();
      await command({ name: "select-node", node: -1 });
      await page.waitForFunction(() => document.querySelector(".line.chosen") === null);
      await command({ name: "select-node", node });
      await chosen.dispatchEvent("click"); // lines are made anew while the texts settle
      const heads = await page.locator(".details .block h3").first().textContent();
      const selected = (await opened.sent()).filter(({ type }) => type === "selected").at(-1)?.["nodes"] as readonly number[];
      assert.ok(selected.includes(node), `${title}: ${selected.join()} lacks ${node} (${heads})`);
    }
    await stop();
  });
});
