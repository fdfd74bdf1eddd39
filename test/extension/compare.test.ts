// Comparisons, links and Problems through the whole host, with the built compiler worker: what a page gets, and what is left afterwards.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../scripts/setup/terminal.mjs";
import { notBuilt, start, type FakePage, type Started } from "./mock/start.ts";
import { shown } from "./mock/shown.ts";
import { Uri } from "./mock/uri.ts";

const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-compare-"));
const [first, second] = ["first.onnx", "second.onnx"].map((name) => path.join(folder, name)) as [string, string];
const skip = notBuilt;
let started: Started;
let page: FakePage;

before(async () => {
  if (skip !== undefined) return;
  for (const file of [first, second]) cpSync(path.join(root, "test/data/example-mlp.onnx"), file);
  started = start();
  page = started.open(first);
  page.say({ type: "ready" });
  await page.next("summary");
});
after(() => {
  started?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const command = (name: string, ...args: unknown[]): unknown => shown.commands.get(`fusionscope.${name}`)?.(...args);
const compareMessages = (): string[] => page.got.map(({ type }) => type).filter((type) => type.startsWith("compare"));

test("with other options: its stages, its summary, and titles that say what differs", { skip }, async () => {
  shown.answers.push("Threads", "2");
  await command("compareWithOptions");
  const { compare } = await page.next("compare");
  assert.deepEqual([compare.kind, compare.title, compare.ownTitle], ["options", "2 threads", "1 thread"]);
  const { summary } = await page.next("compare-summary", ({ id }) => id === compare.id);
  assert.equal(summary.threads, 2);
  assert.equal(shown.context.get("fusionscope.comparing"), true);
  const [model] = started.api.models();
  assert.deepEqual([started.api.models().length, model?.summary?.threads], [1, 1], "the model shown stays as it is");
});

test("a page that comes up again is told of it again", { skip }, async () => {
  const before = compareMessages().length;
  page.say({ type: "ready" });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const again = compareMessages().slice(before);
  assert.deepEqual([again[0], again.at(-1), again.includes("compare-stage")], ["compare", "compare-summary", true]);
});

test("with another model, which ends the one before; the page ends this one", { skip }, async () => {
  const old = page.got.find((message) => message.type === "compare");
  shown.files = [Uri.file(first), Uri.file(second)];
  shown.answers.push("second.onnx");
  await command("compareWithModel");
  const { compare } = await page.next("compare", (message) => message.compare.kind === "model");
  assert.equal(compare.title, "second.onnx");
  assert.ok(page.got.some((message) => message.type === "compare-end" && old?.type === "compare" && message.id === old.compare.id));
  await page.next("compare-summary", ({ id }) => id === compare.id);
  page.say({ type: "compare-end", id: compare.id - 1 });
  assert.equal(shown.context.get("fusionscope.comparing"), true, "an old number ends nothing");
  page.say({ type: "compare-end", id: compare.id });
  assert.equal(shown.context.get("fusionscope.comparing"), false);
});

test("the same options or one file twice are nothing to compare", { skip }, async () => {
  shown.messages.length = 0;
  shown.answers.push("Threads", "1");
  await command("compareWithOptions");
  await command("compareModels", Uri.file(first), [Uri.file(first)]);
  assert.equal(shown.messages.filter((text) => text.includes("compare-same")).length, 2, shown.messages.join());
});

test("the page asks what if: the same model with a pair apart; the options it has are nothing to compare", { skip }, async () => {
  const { options } = page.got.filter((message) => message.type === "generation").at(-1) ?? assert.fail("nothing was compiled");
  page.say({ type: "request", id: 91, name: "compareOptions", arg: { options: { ...options, forbid: [["#0", "#1"]] } } });
  await page.next("reply", ({ id }) => id === 91);
  const { compare } = await page.next("compare", ({ compare: { options: other } }) => other.forbid.length === 1);
  const { summary } = await page.next("compare-summary", ({ id }) => id === compare.id);
  assert.deepEqual(
    summary.pairs?.map(({ kind, done }) => [kind, done]),
    [["forbid", true]],
  );
  page.say({ type: "compare-end", id: compare.id });
  page.say({ type: "request", id: 92, name: "compareOptions", arg: { options } });
  const { error } = await page.next("error", ({ id }) => id === 92);
  assert.equal(error.code, "compare-same");
});

test("a link brings the stage, the node and the zoom back", { skip }, async () => {
  const state = { version: 1, view: "graph", camera: { x: 10.123456, y: 4, k: 0.5 }, nodes: [3], stage: 2 };
  page.say({ type: "request", id: 1, name: "saveState", arg: { state } });
  page.say({ type: "selected", stage: 2, nodes: [2], sources: [1] });
  await page.next("reply", ({ id }) => id === 1);
  await command("copyLink");
  shown.commands.set("vscode.openWith", () => undefined);
  const hellos = page.got.filter(({ type }) => type === "hello").length;
  await command("openLink", Uri.parse(shown.clipboard));
  const last = page.got.filter((message) => message.type === "hello").at(-1);
  assert.equal(page.got.filter(({ type }) => type === "hello").length, hellos + 1);
  const restored = last?.type === "hello" ? (last.hello.state as typeof state) : undefined;
  assert.deepEqual([restored?.stage, restored?.camera], [2, { x: 10.123, y: 4, k: 0.5 }]);
  assert.ok((restored?.nodes.length ?? 0) > 0, "the node that ONNX node #1 is at this stage");
});

test("refused fusions are in Problems as the setting says", { skip }, () => {
  const rows = (): number => shown.problems.get(Uri.file(first).toString())?.length ?? 0;
  const set = (value: string): void => {
    shown.settings.set("fusionscope.problems.lostFusions", value);
    shown.configurationChanged.fire({ affectsConfiguration: (name) => name === "fusionscope.problems" });
  };
  set("all");
  const all = rows();
  set("off");
  assert.ok(all > 0 && all < 10, `${all} rows`);
  assert.equal(rows(), 0);
});

test("trees show the row of what the page selects", { skip }, () => {
  const tree = shown.trees.get("fusionscope.kernels");
  const [group] = started.api.models()[0]?.summary?.groups ?? [];
  assert.ok(tree && group);
  page.say({ type: "selected", stage: 0, nodes: [group.leader], sources: [] });
  assert.equal((tree.revealed.at(-1) as { key: string } | undefined)?.key, `node:${group.id}:${group.leader}`);
});

test("a split editor: two pages of one model, which lives until the last is closed", { skip }, async () => {
  const other = started.open(first);
  other.say({ type: "ready" });
  const { summary } = await other.next("summary");
  assert.equal(started.api.models().length, 1);
  const { generation } = started.api.models()[0] ?? { generation: -1 };
  other.say({ type: "request", id: 7, name: "compile", arg: { options: { ...started.api.models()[0]?.options, threads: 2 } } });
  const both = [page, other].map((one) => one.next("summary", (message) => message.generation === generation + 1));
  assert.deepEqual(
    (await Promise.all(both)).map((message) => message.summary.threads),
    [2, 2],
  );
  assert.equal(summary.threads, 1);
  other.close();
  assert.equal(started.api.models().length, 1);
  page.close();
  assert.equal(started.api.models().length, 0);
});
