// What a run tells, in a real VS Code: hot lines beside C++ and assembly, values beside ONNX Runtime, and the what-if of fusion and memory.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Frame } from "playwright-core";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { example, modelFolder, onlyNewest } from "./models.ts";
import { compiled, settled, showTexts, startSession, untilSeen, VscodeWindow, type Session } from "./rig/index.ts";

const skip = onlyNewest ?? (missingNeeds(["compiler"]).length > 0 ? "no C++ compiler" : false);
const folder = modelFolder({ "example.onnx": example });
let session: Session;
let window: VscodeWindow;
let page: Frame;

before(async () => {
  if (skip !== false) return;
  session = await startSession();
  window = await VscodeWindow.open(session, { folder: folder.path });
  page = await window.openModel("example.onnx");
  await settled(page);
});

after(async () => {
  await window?.close();
  await session?.stop();
  folder.remove();
});

const tab = (name: string): Promise<void> => page.getByRole("tab", { name }).click();
const percent = (text: string): number => Number(/(\d+(?:\.\d+)?) %/.exec(text)?.[1] ?? 0);

test("what is typed right after Ctrl+A replaces a search as a whole", { skip }, async () => {
  const field = page.locator("input.search");
  await field.click();
  await field.pressSequentially("relu");
  for (let n = 0; n < 3; n++) {
    await window.page.keyboard.press("Control+a");
    await window.page.keyboard.type("matmul");
    assert.equal(await field.inputValue(), "matmul");
  }
  await window.page.keyboard.press("Escape");
});

test("a sampled benchmark marks its hot lines, in the page and in the editor", { skip, timeout: 240_000 }, async () => {
  await window.command("Fusionscope: Benchmark the Model");
  await page.locator(".bench-result").waitFor({ timeout: 150_000 });
  await tab("Kernels");
  await showTexts(page, "C++", "Assembly");
  const cpp = page.locator(".code-column[aria-label='C++']");
  await cpp.getByRole("button", { name: "hottest" }).click();
  const hot = cpp.locator(".line:has(.heat-share)");
  await hot.first().waitFor();
  const shares = (await cpp.locator(".heat-share").allInnerTexts()).map(percent);
  assert.ok(Math.max(...shares) > 20, `the products take most of the time, not ${shares.join()} %`);
  assert.match((await hot.allInnerTexts()).join("\n"), /fs::gemm/);
  const asm = page.locator(".code-column[aria-label='Assembly']");
  await asm.getByRole("button", { name: "hottest" }).click({ timeout: 60_000 });
  await asm.locator(".line:has(.heat-share)").first().waitFor();
  await window.screenshot("hot-lines");
  const line = await hot.first().locator(".line-number").innerText();
  await window.command("Fusionscope: Open Generated C++");
  await window.page.locator(".editor-instance .view-line").filter({ hasText: "#include" }).first().waitFor();
  await window.command("Go to Line/Column...");
  await window.page.keyboard.type(line);
  await window.page.keyboard.press("Enter");
  // Decorations are styles: a share stands before its line.
  await window.page.waitForFunction(() =>
    [...document.querySelectorAll(".editor-instance .view-line span")].some((span) =>
      /\d %/.test(getComputedStyle(span, "::before").content),
    ),
  );
  await window.screenshot("hot-lines-editor");
  await window.command("View: Close Editor");
  page = await window.webview();
});

test("every tensor beside ONNX Runtime, on data that was chosen", { skip, timeout: 240_000 }, async (t) => {
  await compiled(page);
  await tab("Values");
  await page.locator("vscode-button").filter({ hasText: "Compare with ONNX Runtime" }).click();
  const random = window.page.locator('.quick-input-widget .monaco-list-row[aria-label^="Random Numbers"]');
  await random.click();
  const report = page.locator(".tensor-report");
  await report.waitFor({ timeout: 150_000 });
  const text = await report.innerText();
  t.diagnostic(text.split("\n")[0] ?? "");
  assert.match(text, /All \d+ tensors in memory agree with (ONNX Runtime|the evaluator)/);
  await report.locator("td .link").last().click();
  await page.locator(".details").filter({ hasText: "Introduced" }).waitFor();
  // The data is chosen: no question.
  await page.locator(".details").getByRole("button", { name: "values of a run" }).last().click();
  await page.locator(".details .tensor-view .histogram").waitFor({ timeout: 60_000 });
  await window.screenshot("values");
  await page.locator("vscode-button").filter({ hasText: "Error of low precision" }).click();
  await page.locator(".values-output .error-text").waitFor();
});

test("what if a pair were apart: compiled that way as well, and compared", { skip, timeout: 240_000 }, async () => {
  await tab("Fusion");
  await page.locator(".fusion-chip").filter({ hasText: "fused" }).last().click();
  const edge = page.locator(".fusion-edge.fused").filter({ hasText: "What if apart?" }).first();
  await edge.locator(".fusion-ask").click();
  const card = page.locator(".what-if");
  await card.locator("table").waitFor({ timeout: 60_000 });
  assert.match(await card.innerText(), /loop nests\s+\d+\s+\d+/);
  await window.screenshot("what-if");
  await card.getByRole("button", { name: "End the comparison" }).click();
  await card.waitFor({ state: "hidden" });
});

test("brushing a step of the memory map selects what is alive then", { skip, timeout: 240_000 }, async () => {
  await tab("Memory");
  const arena = page.locator(".arena").first();
  await arena.focus();
  const row = page.locator(".details");
  await untilSeen("a step", () => window.page.keyboard.press("ArrowRight"), {
    seen: async () => /\d+ (nodes|node)|Inputs/.test(await row.innerText()),
    again: 1000,
  });
  await window.screenshot("memory-brushed");
  assert.deepEqual(window.errors(), []);
});
