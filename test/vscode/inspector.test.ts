// The inspector in a real VS Code, driven as a user does: open, step, select, compare, change options, measure.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Frame } from "playwright-core";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { bytesText, flopsText } from "../../webview/model/format.ts";
import { commandJson, example, modelFolder } from "./models.ts";
import {
  compiled,
  paintedStage,
  settled,
  showTexts,
  stagePainted,
  startSession,
  stepTo,
  untilSeen,
  VscodeWindow,
  type Session,
} from "./rig/index.ts";

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

const treeRow = (text: string) => window.page.locator(".pane-body .monaco-list-row").filter({ hasText: text }).first();
const statusLine = () => page.locator(".status-line");
const toolbar = (title: string) => window.page.locator(`.editor-actions .action-label[aria-label^="${title}"]`);
const tab = (name: string) => page.getByRole("tab", { name });

test("a double click on a model draws its graph", async (t) => {
  const clicked = performance.now();
  page = await window.openModel("example.onnx");
  await page.waitForFunction(() => document.body.dataset["painted"] !== undefined);
  t.diagnostic(`click to first picture: ${Math.round(performance.now() - clicked)} ms`);
  await compiled(page);
  assert.deepEqual(window.errors(), []);
});

test("keys step through the passes", async (t) => {
  await page.locator(".graph-frame").click({ position: { x: 5, y: 5 } });
  await settled(page);
  const first = await paintedStage(page);
  const times: number[] = [];
  for (let stage = first + 1; stage <= first + 4; stage++) {
    const pressed = performance.now();
    await stepTo(page, stage, () => window.page.keyboard.press("F7"));
    times.push(performance.now() - pressed);
  }
  t.diagnostic(`key to painted stage: ${times.map((ms) => Math.round(ms)).join(", ")} ms`);
  await stepTo(page, first + 3, () => window.page.keyboard.press("Shift+F7"));
});

test("the toolbar steps, too", async () => {
  await settled(page);
  const stage = await paintedStage(page);
  await stepTo(page, stage + 1, () => toolbar("Next Pass").click());
  await stepTo(page, stage, () => toolbar("Previous Pass").click());
});

test("the native trees show passes, kernels and buffers, and a click goes there", async () => {
  const pane = window.page.locator(".pane-header").filter({ hasText: "Passes" });
  await untilSeen("the side bar", () => window.page.locator('.activitybar .action-label[aria-label="Fusionscope"]').click(), {
    seen: () => pane.isVisible(),
    begun: () => pane.isVisible(),
  });
  const { passes, groups } = command as { passes: { name: string; index: number; status: string }[]; groups: { name: string }[] };
  for (const { name } of passes.slice(0, 3)) await treeRow(name).waitFor();
  const changed = passes.find(({ status, index }) => status === "changed" && index > 3);
  assert.ok(changed);
  await stepTo(page, changed.index, () => treeRow(changed.name).click());
  const group = groups.find(({ name }) => /matmul/.test(name));
  assert.ok(group);
  const details = page.locator(".details").filter({ hasText: "Members" });
  await untilSeen("the group's details", () => treeRow(group.name).click(), { seen: () => details.isVisible() });
});

test("a selected node has details and lineage", async () => {
  await settled(page);
  const details = page.locator(".details");
  const row = page.locator("#list-nodes .row").filter({ hasText: "fc1/Ma" }).first();
  await untilSeen("the node's details", () => row.click(), {
    seen: () => details.filter({ hasText: /MatMul \/fc\d\/MatMul/ }).isVisible(),
  });
  assert.match(await details.innerText(), /MatMul \/fc\d\/MatMul/);
  await window.screenshot("selected");
  await window.command("Fusionscope: Describe Selection as Text");
  await window.page.locator(".editor-instance .view-line").filter({ hasText: "matmul" }).first().waitFor();
  await window.command("View: Close Editor");
  page = await window.webview();
  await compiled(page);
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
  await compiled(page);
  await tab("Kernels").click();
  await showTexts(page, "Loops", "C++");
  await page.locator(".code-column .line").filter({ hasText: "region" }).first().waitFor();
  await page.locator(".code-column .line").filter({ hasText: "FS_REGION_FUNCTION" }).first().waitFor();
  await window.screenshot("kernels");
  await tab("Memory").click();
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
  const { arenaBytes } = (await commandJson(["compile", example, "--threads", "2"])) as { arenaBytes: number };
  // The numbers of the compilation before stay until those of this one are there.
  await statusLine()
    .filter({ hasText: "groups" })
    .filter({ hasText: bytesText(arenaBytes) })
    .waitFor();
  await window.command("Fusionscope: Reset Compile Options");
  await window.page.locator(".statusbar-item").filter({ hasText: "1 thread" }).waitFor();
  await compiled(page);
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
  await settled(page);
  const before = await paintedStage(page);
  await untilSeen("the next pass", () => toolbar("Next Pass").click(), { seen: async () => (await paintedStage(page)) !== before });
  await settled(page);
  const stage = await paintedStage(page);
  assert.ok(stage > 0);
  await page.waitForFunction((wanted) => document.body.dataset["saved"] === String(wanted), stage);
  await window.command("View: Close Editor");
  await window.showExplorer();
  page = await window.openModel("example.onnx");
  await stagePainted(page, stage);
  assert.deepEqual(window.errors(), []);
});
