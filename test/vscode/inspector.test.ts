// The inspector in a real VS Code, driven as a user does: open, step, select, compare, change options, measure.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Frame } from "playwright-core";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { bytesText, flopsText } from "../../webview/model/format.ts";
import { commandJson, example, modelFolder } from "./models.ts";
import { startSession, VscodeWindow, type Session } from "./rig/index.ts";

const noCompiler = missingNeeds(["compiler"]).length > 0 ? "no C++ compiler" : false;
const folder = modelFolder({ "example.onnx": example });
let session: Session;
let window: VscodeWindow;
let page: Frame;
/** What `fusionscope compile --json` says about the example. */
let command: Record<string, unknown>;

before(async () => {
  command = await commandJson(["compile", example]);
  session = await startSession();
  window = await VscodeWindow.open(session, { folder: folder.path });
});

after(async () => {
  await window?.close();
  await session?.stop();
  folder.remove();
});

/** The stage that the graph on the screen shows. */
const painted = async (): Promise<number> => Number(await page.evaluate(() => document.body.dataset["painted"]));
const paintedStage = (stage: number): Promise<unknown> =>
  page.waitForFunction((wanted) => document.body.dataset["painted"] === String(wanted), stage);
const treeRow = (text: string) => window.page.locator(".pane-body .monaco-list-row").filter({ hasText: text }).first();
const statusLine = () => page.locator(".status-line");
const tab = (name: string) => page.getByRole("tab", { name });

test("a double click on a model draws its graph", async (t) => {
  const clicked = performance.now();
  page = await window.openModel("example.onnx");
  await page.waitForFunction(() => document.body.dataset["painted"] !== undefined);
  t.diagnostic(`click to first picture: ${Math.round(performance.now() - clicked)} ms`);
  await statusLine().filter({ hasText: "groups" }).waitFor();
  assert.deepEqual(window.errors(), []);
});

test("keys step through the passes", async (t) => {
  await page.locator(".graph-frame").click({ position: { x: 5, y: 5 } });
  const first = await painted();
  const times: number[] = [];
  for (let stage = first + 1; stage <= first + 4; stage++) {
    const pressed = performance.now();
    await window.page.keyboard.press("F7");
    await paintedStage(stage);
    times.push(performance.now() - pressed);
  }
  t.diagnostic(`key to painted stage: ${times.map((ms) => Math.round(ms)).join(", ")} ms`);
  await window.page.keyboard.press("Shift+F7");
  await paintedStage(first + 3);
});

test("the toolbar steps, too", async () => {
  const stage = await painted();
  await window.page.locator('.editor-actions .action-label[aria-label^="Next Pass"]').click();
  await paintedStage(stage + 1);
  await window.page.locator('.editor-actions .action-label[aria-label^="Previous Pass"]').click();
  await paintedStage(stage);
});

test("the native trees show passes, kernels and buffers, and a click goes there", async () => {
  await window.page.locator('.activitybar .action-label[aria-label="Fusionscope"]').click();
  const { passes, groups } = command as { passes: { name: string; index: number; status: string }[]; groups: { name: string }[] };
  for (const { name } of passes.slice(0, 3)) await treeRow(name).waitFor();
  const changed = passes.find(({ status, index }) => status === "changed" && index > 3);
  assert.ok(changed);
  await treeRow(changed.name).click();
  await paintedStage(changed.index);
  const group = groups.find(({ name }) => /matmul/.test(name));
  assert.ok(group);
  await treeRow(group.name).click();
  await page.locator(".details").filter({ hasText: "Members" }).waitFor();
});

test("a selected node has details and lineage", async () => {
  await page.locator("#list-nodes .row").filter({ hasText: "fc1/Ma" }).first().click();
  const details = page.locator(".details");
  await details.filter({ hasText: "Lineage" }).waitFor();
  assert.match(await details.innerText(), /MatMul \/fc\d\/MatMul/);
  await window.screenshot("selected");
  await window.command("Fusionscope: Describe Selection as Text");
  await window.page.locator(".editor-instance .view-line").filter({ hasText: "matmul" }).first().waitFor();
  await window.command("View: Close Editor");
  page = await window.webview();
  await statusLine().filter({ hasText: "groups" }).waitFor();
});

test("every number of the status line is the command's", async () => {
  const text = (await statusLine().innerText()).replace(/\s+/g, " ");
  const { groups, flops, bytes, arenaBytes, constantBytes } = command as Record<
    "flops" | "bytes" | "arenaBytes" | "constantBytes",
    number
  > & { groups: unknown[] };
  for (const shown of [`${groups.length} groups`, flopsText(flops), bytesText(bytes), bytesText(arenaBytes), bytesText(constantBytes)]) {
    assert.ok(text.includes(shown), `${shown} is not in "${text}"`);
  }
});

test("before and after a pass, in the diff editor", async () => {
  await window.command("Fusionscope: Compare IR with the Stage Before");
  await window.page.locator(".monaco-diff-editor .modified .view-line").filter({ hasText: "matmul" }).first().waitFor();
  await window.page.locator(".monaco-diff-editor .original .view-line").filter({ hasText: "matmul" }).first().waitFor();
  await window.screenshot("diff");
  await window.command("View: Close Editor");
});

test("each view shows", async () => {
  page = await window.webview();
  await statusLine().filter({ hasText: "groups" }).waitFor();
  await tab("Kernels").click();
  await page.locator(".code-column .line").filter({ hasText: "region" }).first().waitFor();
  await page.locator(".code-column .line").filter({ hasText: "FS_REGION_BEGIN" }).first().waitFor();
  await window.screenshot("kernels");
  await tab("Buffers").click();
  await page
    .locator(".buffers .total")
    .filter({ hasText: bytesText(command["arenaBytes"] as number) })
    .first()
    .waitFor();
  await window.screenshot("buffers");
  await tab("Graph").click();
});

test("other threads compile again, here and on the command line alike", async () => {
  await window.command("Fusionscope: Set Threads…");
  const input = window.page.locator(".quick-input-widget:visible input").last();
  await input.fill("2");
  await input.press("Enter");
  await window.page.locator(".statusbar-item").filter({ hasText: "2 threads" }).waitFor();
  await statusLine().filter({ hasText: "groups" }).waitFor();
  const { arenaBytes } = (await commandJson(["compile", example, "--threads", "2"])) as { arenaBytes: number };
  assert.ok((await statusLine().innerText()).replace(/\s+/g, " ").includes(bytesText(arenaBytes)));
  await window.command("Fusionscope: Reset Compile Options");
  await window.page.locator(".statusbar-item").filter({ hasText: "1 thread" }).waitFor();
  await statusLine().filter({ hasText: "groups" }).waitFor();
});

test("a benchmark gives a time with its interval, beside ONNX Runtime where it is installed", { skip: noCompiler }, async (t) => {
  await window.command("Fusionscope: Benchmark the Model");
  const result = page.locator(".bench-result");
  await result.waitFor({ timeout: 120_000 });
  const text = await result.innerText();
  assert.match(text, /\d (ns|µs|ms)/);
  t.diagnostic(text.split("\n").slice(0, 12).join(" "));
  await window.page
    .locator(".statusbar-item")
    .filter({ hasText: /avx|scalar/ })
    .filter({ hasText: / (ns|µs|ms)/ })
    .waitFor();
  await window.screenshot("benchmark");
  assert.deepEqual(window.errors(), []);
});

test("the place in the model survives closing and opening", async () => {
  await tab("Graph").click();
  // The picture was hidden while others compiled: what was painted last is old until the next step is painted.
  await window.page.locator('.editor-actions .action-label[aria-label^="Next Pass"]').click();
  await page.waitForTimeout(1000); // the page saves its state a while after the last change
  const stage = await painted();
  assert.ok(stage > 0);
  await window.command("View: Close Editor");
  await window.page.locator('.activitybar .action-label[aria-label^="Explorer"]').click();
  page = await window.openModel("example.onnx");
  await paintedStage(stage);
  assert.deepEqual(window.errors(), []);
});
