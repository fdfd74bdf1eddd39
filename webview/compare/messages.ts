/** What the messages of a comparison do to the page. */
import type { ToPage } from "#protocol";
import type { App } from "../app.ts";
import { showStage } from "../actions.ts";
import { OtherSide } from "./other-side.ts";

type CompareMessage = Extract<ToPage, { readonly type: `compare${string}` }>;

export const isCompareMessage = (message: ToPage): message is CompareMessage => message.type.startsWith("compare");

export function receiveCompare(app: App, message: CompareMessage): void {
  const { other, view, stage } = app.store.state;
  if (message.type === "compare") {
    app.other = new OtherSide(message.compare);
    // Whoever asks "what if" in the fusion view reads the answer there.
    const stays = view === "fusion" && message.compare.kind === "options";
    app.store.update({ other: { hello: message.compare, version: 0, stage: "same" }, ...(stays ? {} : { view: "compare" }) });
    const last = app.trace.graphStages.at(-1);
    if (last !== undefined && stage === 0) showStage(app, last);
    return app.announce(`Comparing with ${message.compare.title}`);
  }
  if (!other || message.id !== other.hello.id) return;
  const version = other.version + 1;
  switch (message.type) {
    case "compare-stage":
      app.other?.add(message.delta);
      return app.store.update({ other: { ...other, version } });
    case "compare-summary":
      return app.store.update({ other: { ...other, version, summary: message.summary } });
    case "compare-failed":
      app.announce(message.error.message);
      return app.store.update({ other: { ...other, version, failed: message.error } });
    case "compare-end":
      app.other = undefined;
      return app.store.update({ other: undefined, ...(view === "compare" ? { view: "graph" } : {}) });
  }
}

/** The user has seen enough. */
export function endCompare(app: App): void {
  const { other } = app.store.state;
  if (!other) return;
  app.host.send({ type: "compare-end", id: other.hello.id });
  receiveCompare(app, { type: "compare-end", id: other.hello.id });
}
