import assert from "node:assert/strict";
import * as vscode from "vscode";

/** The extension is there, and what its manifest promises exists. */
export function extensionSuite(): void {
  const extension = (): vscode.Extension<unknown> => {
    const found = vscode.extensions.getExtension("fusionscope.fusionscope");
    assert.ok(found, "the extension fusionscope.fusionscope is not loaded");
    return found;
  };

  it("activates", async () => {
    await extension().activate();
    assert.equal(extension().isActive, true);
  });

  it("registers every command of its manifest", async () => {
    await extension().activate();
    const manifest = extension().packageJSON as { contributes?: { commands?: { command: string }[] } };
    const promised = (manifest.contributes?.commands ?? []).map(({ command }) => command);
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      promised.filter((command) => !registered.has(command)),
      [],
    );
  });
}
