// What the page adds to texts, nodes and searches from elsewhere: costs of instructions, times of ONNX Runtime, and the stage that has what this one lacks.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { InstructionNotes, OrtKernel, OrtProfile, TextReply } from "#protocol";
import { mlp, type Fixture } from "./fixture.ts";
import { choose, launch, noChromium, open, still, type Opened } from "./page.ts";

/** The fixture with notes on its assembly: even lines are one form, odd ones another without a price. */
function annotated(prices: InstructionNotes["prices"]): Fixture {
  const price = { latency: 11, throughput: 0.5, operations: 1, ports: ["FP0", "FP1", "LSU.0"].map((name) => ({ name, cycles: 0.5 })) };
  const rows = [
    { form: "vfmadd231ps zmm0, zmm1, zmm2", does: "fused multiply-add", ...(prices.valid ? { price } : {}) },
    { form: "call .L", does: "calls a function" },
  ];
  const fixture = mlp();
  const withNotes = (text: TextReply): TextReply => ({
    ...text,
    notes: { row: Int32Array.from(text.lines, (_, i) => i % 2), rows, prices },
  });
  const texts = Object.entries(fixture.texts).map(([key, text]) => [key, key.startsWith("asm") ? withNotes(text) : text] as const);
  return { ...fixture, texts: Object.fromEntries(texts) };
}

const kernel = (name: string, op: string, us: number, source?: number): OrtKernel => ({
  ...{ name, op, provider: "CPUExecutionProvider", us, calls: 1, found: source === undefined ? ("none" as const) : ("name" as const) },
  ...(source === undefined ? {} : { source }),
});
/** Times of a product and an addition of the fixture, and of a kernel that nobody knows. */
function profileOf({ messages }: Fixture): OrtProfile {
  const summary = messages.find((message) => message.type === "summary");
  const sources = summary?.type === "summary" ? summary.summary.sources : [];
  const index = (name: string): number => sources.findIndex((source) => source.name === name);
  const kernels = [
    kernel("slow", "MatMul", 40, index("/fc1/MatMul")),
    kernel("fused", "FusedGemm", 9),
    kernel("quick", "Add", 1, index("/fc1/Add")),
  ];
  return { file: "profile.json", runs: 3, runUs: 60, kernelsUs: 50, kernels };
}

/** Shows the assembly and hides the others, so that it has room. */
async function onlyAssembly(page: Page): Promise<void> {
  for (const [title, wanted] of [
    ["Assembly", true],
    ["C++", false],
    ["Loops", false],
  ] as const) {
    const button = page.locator(`.code-switches .link:text-is("${title}")`);
    if ((await button.getAttribute("aria-pressed")) !== String(wanted)) await button.click();
  }
}

describe("notes from elsewhere", { skip: noChromium }, () => {
  let browser: Browser;
  let opened: Opened;
  before(async () => (browser = await launch()));
  after(() => browser.close());
  const fresh = async (fixture: Fixture): Promise<Opened["page"]> => {
    opened = await open(browser, fixture);
    await still(opened.page);
    return opened.page;
  };
  const close = async (): Promise<void> => {
    assert.deepEqual(opened.errors, []);
    await opened.page.context().close();
  };

  test("assembly has latency, throughput and units beside each instruction, and says whose they are", async () => {
    const page = await fresh(annotated({ valid: true, tool: "llvm-mca 19.1.7", model: "znver4", modelIs: "of this machine's family" }));
    await page.keyboard.press("2");
    await onlyAssembly(page);
    const asm = page.locator('section[aria-label="Assembly"]');
    await asm.locator(".row.line").first().waitFor();
    assert.match(await asm.locator(".code-remark").innerText(), /model znver4 of llvm-mca 19\.1\.7: of this machine's family/);
    await asm.locator(".row.line .cost").first().waitFor(); // when it has got its width
    assert.deepEqual(await asm.locator(".row.line").first().locator(".cost").allInnerTexts(), ["11", "0.5", "FP0/1 LSU"]);
    assert.match((await asm.locator(".row.line").first().getAttribute("title")) ?? "", /^Fused multiply-add\.\nLatency: 11 cycles\./);
    assert.match((await asm.locator(".row.line").nth(1).getAttribute("title")) ?? "", /has no price for it/);
    await asm.getByText("costs", { exact: true }).click();
    assert.equal(await asm.locator(".row.line .cost").count(), 0, "columns that are not wanted are gone");
    await close();
  });

  test("where there is no model of the processor it says what to install", async () => {
    const page = await fresh(annotated({ valid: false, why: "llvm-mca is not installed: apt-get install llvm-19" }));
    await page.keyboard.press("2");
    await onlyAssembly(page);
    const asm = page.locator('section[aria-label="Assembly"]');
    await asm.locator(".row.line").first().waitFor();
    await asm.locator(".code-remark").waitFor();
    assert.match(await asm.locator(".code-remark").innerText(), /No costs of instructions: llvm-mca is not installed/);
    assert.match((await asm.locator(".row.line").first().getAttribute("title")) ?? "", /^Fused multiply-add\.$/m);
    await close();
  });

  test("a profile of ONNX Runtime is a list, colours, and a fact of nodes", async () => {
    const fixture = mlp();
    const page = await fresh({ ...fixture, replies: { ...fixture.replies, openProfile: { profile: profileOf(fixture) } } });
    await choose(page, "Colour by", "ort");
    await page.click("text=Open a profile");
    const rows = page.locator("#list-profile .row");
    await rows.first().waitFor();
    assert.deepEqual(await rows.locator(".node-op").allInnerTexts(), ["MatMul", "FusedGemm", "Add"]);
    assert.deepEqual(await rows.locator(".node-shape").allInnerTexts(), ["40 µs", "9 µs", "1 µs"]);
    assert.match(await page.innerText(".profile-head"), /60 µs per run, 50 µs in kernels \(3 runs\)[^]*9 µs in kernels without a node/);
    await rows.first().click();
    assert.match(await page.innerText('[data-fact="In ONNX Runtime"]'), /40 µs per run \(80 % of its kernels\)/);
    assert.match(await page.innerText(".legend"), /Time in ONNX Runtime[^]*1 µs[^]*40 µs/);
    await page.click('.profile-head :text-is("Groups")');
    const times = (await rows.locator(".node-shape").allInnerTexts()).map(parseFloat);
    assert.ok(times.length > 0);
    assert.ok(Math.abs(times.reduce((a, b) => a + b, 0) - 41) < 0.5, `groups share what is found: ${times.join(" ")}`);
    await page.click('.profile-head :text-is("close")');
    assert.equal(await page.locator("#tab-profile").isVisible(), false);
    await close();
  });

  test("a search that finds nothing names the stage that has it, and leads there", async () => {
    const page = await fresh(mlp());
    await page.keyboard.press("/");
    const all = await page.locator("#list-nodes .tree .row .node-op").allInnerTexts();
    await opened.deliver({ type: "command", command: { name: "show-stage", stage: 8 } });
    await page.waitForSelector('body[data-painted="8"]');
    const left = await page.locator("#list-nodes .tree .row .node-op").allInnerTexts();
    const gone = all.find((op) => !left.includes(op));
    assert.ok(gone !== undefined, "an operator of the model is decomposed or folded");
    await page.locator(".search-box input").fill(`op:${gone}`);
    const link = page.locator(".search-elsewhere .link");
    await link.waitFor();
    await link.click();
    assert.equal(await page.locator(".search-elsewhere").isVisible(), false);
    await page.locator(".lists-section [role=listbox] .row").first().waitFor();
    assert.notEqual(await page.locator(".details h3").first().innerText(), "Model", "the first result is selected");
    await close();
  });
});
