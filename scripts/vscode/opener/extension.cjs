// Opens the model that `npm start` was asked for. A file that the window itself opens at its start gets the text editor, because
// extensions are registered later; this one is activated after them.
"use strict";
const vscode = require("vscode");

exports.activate = async (context) => {
  const { FUSIONSCOPE_START_MODEL: model, FUSIONSCOPE_START_RUN: run } = process.env;
  // Once per run of npm start: a window that is reloaded keeps what the user has opened since.
  if (!model || context.workspaceState.get("opened") === run) return;
  await context.workspaceState.update("opened", run);
  await vscode.commands.executeCommand("vscode.openWith", vscode.Uri.file(model), "fusionscope.inspector");
};
