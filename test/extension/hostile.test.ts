// A model whose names are markup, links to commands, icons, line breaks and marks of direction: everything that the editor shows of it is text.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { modelBuilder } from "../../compiler-core/onnx/builder.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { notBuilt, start, type FakePage, type Started } from "./mock/start.ts";
import { shown, type FakeTree, type FakeTreeItem } from "./mock/shown.ts";

const evil = '[click](command:workbench.action.quit)$(bug)<img src=x onerror=alert(1)>\u202e\n\u0000`**"|';
const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-hostile-"));
const file = path.join(folder, "[a](command:x)$(bug)<b>.onnx");
let started: Started;
let page: FakePage;

before(async () => {
  if (notBuilt !== undefined) return;
  const model = modelBuilder({ name: evil, opset: 17, opsets: { [evil]: 1 } });
  const x = model.input(evil, "f32", [evil, 64]);
  const w = model.initializer(`w${evil}`, "f32", [64, 64], new Float32Array(4096).fill(0.5));
  const y = model.node("MatMul", [x, w], `y${evil}`, { name: `matmul ${evil}` });
  const z = model.node(`Odd${evil}`, [y], `z${evil}`, { name: evil, domain: evil });
  model.output(model.node("Relu", [z], `r${evil}`, { name: evil }), "f32", [evil, 64]);
  writeFileSync(file, encodeModel(model.build()));
  started = start();
  page = started.open(file);
  page.say({ type: "ready" });
  await page.next("summary");
  await new Promise((resolve) => setTimeout(resolve, 100)); // the trees gather changes
});
after(() => {
  started?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// eslint-disable-next-line no-control-regex
const unseen = /[\u0000-\u001f\u202e]/;
/** Outside of code: a link, a tag, an icon, none of them escaped. */
const marks = /(?<!\\)\]\(|(?<!\\)<img|(?<!\\)\$\(bug/;

function items(tree: FakeTree, row?: unknown): FakeTreeItem[] {
  return tree.provider.getChildren(row).flatMap((child) => [tree.provider.getTreeItem(child), ...items(tree, child)]);
}

for (const id of ["fusionscope.passes", "fusionscope.kernels", "fusionscope.buffers"]) {
  test(`${id}: labels are one line of text, tooltips have no marks of the model`, { skip: notBuilt }, () => {
    const tree = shown.trees.get(id);
    assert.ok(tree);
    const all = items(tree);
    assert.ok(all.length > 2, `${all.length} rows`);
    for (const { label, description, tooltip } of all) {
      assert.doesNotMatch(String(label), unseen);
      assert.doesNotMatch(description ?? "", unseen);
      assert.ok(typeof tooltip === "object" || tooltip === undefined, "a table");
      assert.doesNotMatch(tooltip?.value ?? "", marks);
      assert.ok(!tooltip?.isTrusted && !tooltip?.supportHtml);
    }
    const said = all.map(({ tooltip }) => (typeof tooltip === "object" ? tooltip.value : "")).join("");
    if (id !== "fusionscope.passes") assert.match(said, /click/, "the names are shown");
  });
}

test("problems are text, and their links name the node by its place", { skip: notBuilt }, () => {
  const [problems] = [...shown.problems.values()];
  assert.ok(problems !== undefined && problems.length > 0);
  for (const { message, code } of problems) {
    assert.doesNotMatch(message, unseen);
    if (typeof code === "object") assert.match(decodeURIComponent(code.target.query), /node=#\d+/);
  }
});

test("the status bar says nothing of the model but numbers; its tooltip is plain", { skip: notBuilt }, () => {
  assert.ok(shown.statusBar?.shown);
  assert.doesNotMatch(shown.statusBar?.text ?? "", /click|\$\(bug/);
  assert.equal(typeof shown.statusBar?.tooltip, "string");
});

test("a message about it has no link to a command", { skip: notBuilt }, async () => {
  shown.messages.length = 0;
  await shown.commands.get("fusionscope.openLink")?.({ path: "/[a](command:x)", query: "" });
  await shown.commands.get("fusionscope.compareModels")?.(undefined, []);
  assert.ok(shown.messages.length >= 2, shown.messages.join());
  for (const text of shown.messages) assert.doesNotMatch(text, /\]\(/);
});

test("the link for a report is one link", { skip: notBuilt }, async () => {
  page.say({ type: "selected", stage: 0, nodes: [0], sources: [0] });
  await shown.commands.get("fusionscope.copyMarkdownLink")?.();
  assert.equal(shown.clipboard.match(/(?<!\\)\]\(/g)?.length, 1, shown.clipboard);
  assert.doesNotMatch(shown.clipboard, unseen);
});

test("the page's HTML has no name in it", { skip: notBuilt }, () => assert.doesNotMatch(page.html(), /onerror=alert|command:workbench/));
