// The manifest of the extension against its code: texts, commands, settings, colours, files.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { isaSets } from "#core";
import { root } from "../../scripts/setup/terminal.mjs";
import { l10nKeys } from "./l10n-keys.ts";

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly group?: string }[]>>;
    readonly keybindings: readonly { readonly command: string; readonly key: string; readonly when: string; readonly args?: string }[];
    readonly customEditors: readonly { readonly viewType: string }[];
    readonly configuration: readonly {
      readonly properties: Readonly<Record<string, { readonly enum?: readonly string[]; readonly scope: string }>>;
    }[];
    readonly colors: readonly { readonly id: string }[];
    readonly walkthroughs: readonly { readonly steps: readonly { readonly media: { readonly svg: string } }[] }[];
  };
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] };
  };
  readonly icon: string;
}

const text = (file: string): string => readFileSync(path.join(root, file), "utf8");
const manifestText = text("package.json");
const manifest = JSON.parse(manifestText) as Manifest;
const sources = readdirSync(path.join(root, "extension"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => ({ file, code: text(`extension/${file}`) }));

test("every %key% of the manifest has a text, and no text is left over", () => {
  const asked = [...new Set([...manifestText.matchAll(/"%([\w.]+)%"/g)].map((m) => m[1]))].sort();
  assert.deepEqual(Object.keys(JSON.parse(text("package.nls.json")) as object).sort(), asked);
});

test("every text of the editor and the page is in the bundle for translators, and nothing else", () => {
  const { keys, withoutText } = l10nKeys(root);
  const bundle = `${JSON.stringify(Object.fromEntries(keys.map((key) => [key, key])), null, 2)}\n`;
  if (process.env["UPDATE"] === "1") writeFileSync(path.join(root, "l10n/bundle.l10n.json"), bundle);
  assert.deepEqual(Object.keys(JSON.parse(text("l10n/bundle.l10n.json")) as object).sort(), keys, "UPDATE=1 npm test -- test/extension");
  assert.deepEqual(withoutText, [], "a text that is not a plain string cannot be translated");
  assert.ok(keys.includes("Colour by") && keys.includes("Kernels"), "the page's, too");
});

test("the ISA setting offers what code can be generated for", () => {
  const properties = Object.assign({}, ...manifest.contributes.configuration.map((c) => c.properties)) as Record<
    string,
    { enum?: string[] }
  >;
  assert.deepEqual(properties["fusionscope.isa"]?.enum, ["auto", ...Object.keys(isaSets)]);
});

test("every setting is read by the code, every colour by the page", () => {
  const settings = manifest.contributes.configuration.flatMap(({ properties }) => Object.keys(properties));
  const code = text("extension/settings.ts");
  assert.deepEqual(
    settings.filter((name) => !code.includes(`"${name.replace("fusionscope.", "")}"`)),
    [],
  );
  const page = readdirSync(path.join(root, "webview"), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(ts|css)$/.test(file))
    .map((file) => text(`webview/${file}`))
    .join("");
  assert.deepEqual(
    manifest.contributes.colors
      .map(({ id }) => id)
      .filter((id) => !page.includes(id.replace(".", "-")) && !page.includes(id.replace("fusionscope.", ""))),
    [],
  );
});

test("menus and keys use declared commands; the editor's title has at most three icons", () => {
  const declared = new Set(manifest.contributes.commands.map(({ command }) => command));
  const used = [...Object.values(manifest.contributes.menus).flat(), ...manifest.contributes.keybindings].map(({ command }) => command);
  assert.deepEqual(
    used.filter((command) => !declared.has(command)),
    [],
  );
  const icons = manifest.contributes.menus["editor/title"]?.filter(({ group }) => group?.startsWith("navigation")) ?? [];
  assert.ok(icons.length <= 3, `${icons.length} icons`);
});

test("keys work in the inspector alone", () => {
  const viewType = manifest.contributes.customEditors[0]?.viewType;
  for (const { command, when } of manifest.contributes.keybindings) assert.equal(when, `activeCustomEditorId == '${viewType}'`, command);
});

test("the command of a key says that it comes from one: the page has stepped already when it had the focus", () => {
  for (const { command, args } of manifest.contributes.keybindings) assert.equal(args, "key", command);
});

test("what names a program or a folder is not read from an untrusted workspace", () => {
  const machine = manifest.contributes.configuration
    .flatMap(({ properties }) => Object.entries(properties))
    .filter(([name]) => /Path|Folder/.test(name));
  assert.deepEqual(
    machine.map(([name]) => name),
    manifest.capabilities.untrustedWorkspaces.restrictedConfigurations,
  );
  assert.ok(machine.every(([, { scope }]) => scope === "machine-overridable"));
  assert.equal(manifest.capabilities.untrustedWorkspaces.supported, "limited");
});

test("files that the manifest names exist", () => {
  const named = [...manifestText.matchAll(/"(?:\.\/)?((?:media|syntaxes)\/[\w./-]+)"/g)].map((m) => m[1] ?? "");
  assert.ok(named.length >= 10);
  assert.deepEqual(
    named.filter((file) => !existsSync(path.join(root, file))),
    [],
  );
});

test("activation is a table of contents", () => {
  const lines = text("extension/extension.ts").split("\n").length;
  assert.ok(lines <= 80, `extension.ts has ${lines} lines`);
});

test("one file calls the compiler: the others take its doors for errors and types alone", () => {
  const callers = sources.filter(({ code }) => /from "#core\/io"/.test(code)).map(({ file }) => file);
  assert.deepEqual(callers, ["compiler-worker.ts"]);
});
