/** Stands in for VS Code when a page carries its compilation with it: replays the messages, answers for texts, says no to the rest. */
import type { ToHost, ToPage } from "#protocol";
import type { Postable } from "./host.ts";
import type { Recorded } from "./page-html.ts";
import { decodeRecorded } from "./recorded.ts";

export function recordedHost(text: string, deliver: (message: ToPage) => void): Postable {
  const { messages, texts } = decodeRecorded(text) as Recorded;
  const light = matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.classList.add(light ? "standalone-light" : "standalone-dark");
  document.body.classList.add(light ? "vscode-light" : "vscode-dark");
  const answer = (message: ToHost): void => {
    if (message.type === "ready") for (const recorded of messages) deliver(recorded);
    if (message.type !== "request") return;
    const { id, name } = message;
    if (name === "saveState") return deliver({ type: "reply", id, result: null });
    const found = name === "text" ? texts[`${message.arg.kind}:${message.arg.stage}`] : undefined;
    if (found) return deliver({ type: "reply", id, result: found });
    const error = {
      code: "recorded",
      message: "This page is a record: nothing can be compiled, run or read from here.",
      next: "Open the model in VS Code.",
    };
    deliver({ type: "error", id, error });
  };
  return { postMessage: (message) => queueMicrotask(() => answer(message as ToHost)) };
}
