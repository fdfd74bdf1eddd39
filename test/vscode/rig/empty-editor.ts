// An extension whose editor for *.empty shows one line of text: what any webview costs before its own work begins.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const manifest = {
  name: "empty-editor",
  publisher: "rig",
  version: "1.0.0",
  engines: { vscode: "^1.100.0" },
  main: "./extension.js",
  activationEvents: [],
  extensionKind: ["workspace"],
  contributes: {
    customEditors: [{ viewType: "rig.empty", displayName: "Empty", selector: [{ filenamePattern: "*.empty" }], priority: "default" }],
    commands: [{ command: "rig.nothing", title: "Nothing", category: "Rig" }],
  },
};

const page = `<!DOCTYPE html><html><body><p>empty</p><script>
  requestAnimationFrame(() => { performance.mark("first-picture"); document.body.dataset.painted = "0"; });
</script></body></html>`;

const script = `
const vscode = require("vscode");
exports.activate = (context) => context.subscriptions.push(
  vscode.window.registerCustomEditorProvider("rig.empty", {
    openCustomDocument: (uri) => ({ uri, dispose() {} }),
    resolveCustomEditor(document, panel) {
      panel.webview.options = { enableScripts: true, localResourceRoots: [] };
      panel.webview.html = ${JSON.stringify(page)};
    },
  }),
);`;

/** The folder of the extension; it is loaded as one under development. */
export function writeEmptyEditor(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), "fusionscope-empty-editor-"));
  writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(path.join(folder, "extension.js"), script);
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
