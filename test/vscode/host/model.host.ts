import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as vscode from "vscode";
import { closeAll, exampleUri, extension, openModel, settled, until } from "./open-models.ts";

const tabs = (): vscode.Tab[] => vscode.window.tabGroups.all.flatMap((group) => group.tabs);
const virtualText = (): vscode.TextDocument | undefined => {
  const text = vscode.window.activeTextEditor?.document;
  return text?.uri.scheme === "fusionscope" ? text : undefined;
};

/** The object of `fusionscope compile --json`. The extension's own Node may be Electron: the command runs with the one on the PATH. */
function commandJson(model: string, ...args: string[]): Record<string, unknown> {
  const cli = path.join(extension().extensionPath, "dist/cli.mjs");
  const output = execFileSync("node", [cli, "compile", model, "--json", ...args], {
    maxBuffer: 2 ** 28,
    encoding: "utf8",
  });
  return JSON.parse(output) as Record<string, unknown>;
}

const withoutTimes = (passes: readonly object[]): object[] => passes.map((pass) => ({ ...pass, ms: 0 }));

/** A model in the editor: the record, its texts, its options, its problems. */
export function modelSuite(): void {
  afterEach(closeAll);

  it("compiles what it opens, with every pass recorded", async () => {
    const { summary, failed } = await openModel(exampleUri());
    assert.equal(failed, undefined);
    assert.ok(summary && summary.passes.length > 5);
    assert.equal(summary.passes[0]?.name, "import");
    assert.ok(summary.groups.length > 0, "nothing was fused");
    assert.deepEqual(summary.unsupported, []);
  });

  it("gives the numbers of the command", async () => {
    const { summary } = await openModel(exampleUri());
    assert.ok(summary);
    const command = commandJson(exampleUri().fsPath);
    const same = [
      "isa",
      "threads",
      "precision",
      "groups",
      "verdicts",
      "unsupported",
      "arenaBytes",
      "arenaBytesWithoutReuse",
      "constantBytes",
      "flops",
      "bytes",
    ] as const;
    for (const name of same) assert.deepEqual(JSON.parse(JSON.stringify(summary[name])), dropped(command[name]), name);
    assert.deepEqual(JSON.parse(JSON.stringify(withoutTimes(summary.passes))), withoutTimes(command["passes"] as object[]));
  });

  it("shows the IR of a stage as a document that cannot be edited, in its language", async () => {
    await openModel(exampleUri());
    await vscode.commands.executeCommand("fusionscope.openIr");
    const text = await until("the IR", virtualText);
    assert.equal(text.languageId, "fusionscope-graph");
    assert.match(text.getText(), /matmul/i);
    assert.equal(vscode.workspace.fs.isWritableFileSystem(text.uri.scheme), undefined);
  });

  it("shows the generated C++", async () => {
    await openModel(exampleUri());
    await vscode.commands.executeCommand("fusionscope.openCpp");
    const text = await until("the C++", virtualText);
    assert.equal(text.languageId, "cpp");
    assert.ok(text.lineCount > 20);
  });

  it("compares two stages in the diff editor", async () => {
    const { summary } = await openModel(exampleUri());
    const changed = summary?.passes.find((pass) => pass.index > 0 && pass.status === "changed" && pass.level === "graph");
    assert.ok(changed);
    await vscode.commands.executeCommand("fusionscope.diffWithPrevious", { stage: changed.index });
    const input = await until("the diff", () =>
      tabs()
        .map((tab) => tab.input)
        .find((i) => i instanceof vscode.TabInputTextDiff),
    );
    const [before, after] = await Promise.all([input.original, input.modified].map((uri) => vscode.workspace.openTextDocument(uri)));
    assert.notEqual(before?.getText(), after?.getText());
    assert.equal(after?.languageId, "fusionscope-graph");
  });

  it("finds the definition of a value and says what an operator does", async () => {
    await openModel(exampleUri());
    await vscode.commands.executeCommand("fusionscope.openIr");
    const text = await until("the IR", virtualText);
    const line = text
      .getText()
      .split("\n")
      .findIndex((l) => /= matmul\(/.test(l));
    const body = text.lineAt(line).text;
    const use = /\(([^,)]*%\d+)/.exec(body);
    assert.ok(use, body);
    const at = new vscode.Position(line, use.index + 2);
    const places = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>(
      "vscode.executeDefinitionProvider",
      text.uri,
      at,
    );
    assert.equal(places.length, 1);
    const op = new vscode.Position(line, body.search(/\bmatmul\(/) + 1);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", text.uri, op);
    assert.match(hovers.flatMap((h) => h.contents.map((c) => (c as vscode.MarkdownString).value)).join(), /\*\*matmul\*\* \w+/i);
  });

  it("compiles again with other options, and for the settings", async () => {
    const { generation, summary } = await openModel(exampleUri());
    const settings = vscode.workspace.getConfiguration("fusionscope");
    try {
      await settings.update("isa", "scalar", vscode.ConfigurationTarget.Global);
      const scalar = await settled(exampleUri(), generation + 1);
      assert.equal(scalar.summary?.isa, "scalar");
      await settings.update("threads", 2, vscode.ConfigurationTarget.Global);
      assert.equal((await settled(exampleUri(), generation + 2)).summary?.threads, 2);
    } finally {
      await settings.update("isa", undefined, vscode.ConfigurationTarget.Global);
      await settings.update("threads", undefined, vscode.ConfigurationTarget.Global);
    }
    const again = await until("the old options", () =>
      extension()
        .exports.models()
        .find((m) => m.summary?.isa === summary?.isa && m.summary?.threads === 1),
    );
    assert.deepEqual(again.options, { isa: "auto", threads: 1, precision: "f32", dims: {}, without: [], force: [], forbid: [] });
  });

  it("opens the place that a link names", async () => {
    await closeAll();
    const query = new URLSearchParams({ model: exampleUri().toString(), stage: "2", node: "#0" }).toString();
    await vscode.commands.executeCommand(
      "fusionscope.openLink",
      vscode.Uri.from({ scheme: "vscode", authority: "fusionscope.fusionscope", path: "/open", query }),
    );
    const tab = await until("the inspector", () => tabs().find((t) => t.input instanceof vscode.TabInputCustom));
    assert.equal(tab.label, "example-mlp.onnx");
    await vscode.env.clipboard.writeText("");
    const link = await until("the stage", () => extension().exports.models()[0]?.summary && true);
    assert.ok(link);
  });

  it("a damaged model gives a coded error, in Problems too", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-damaged-"));
    try {
      const whole = readFileSync(exampleUri().fsPath);
      const file = path.join(folder, "cut.onnx");
      writeFileSync(file, whole.subarray(0, whole.length / 2));
      const { failed, summary } = await openModel(vscode.Uri.file(file));
      assert.equal(summary, undefined);
      assert.equal(failed?.code, "onnx-truncated");
      assert.doesNotMatch(failed.message, /\n| at .*\.ts/);
      const found = await until("the problem", () => vscode.languages.getDiagnostics(vscode.Uri.file(file))[0]);
      assert.equal(found.code, "onnx-truncated");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("closes without a trace: the last editor ends the model", async () => {
    await openModel(exampleUri());
    await closeAll();
    await until("the end of the model", () => extension().exports.models().length === 0);
  });
}

/** JSON of the command has more members than the record; groups carry their ONNX nodes in addition. */
function dropped(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value
    .map((item: unknown) => (typeof item === "object" && item !== null && "onnxNodes" in item ? { ...item, onnxNodes: undefined } : item))
    .map((item) => JSON.parse(JSON.stringify(item)) as unknown);
}
