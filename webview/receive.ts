/** What each message of the host does to the page. */
import type { ToPage } from "#protocol";
import type { App } from "./app.ts";
import { lastStage } from "./app.ts";
import { isCompareMessage, receiveCompare } from "./compare/messages.ts";
import { runCommand, showView } from "./actions.ts";
import { isToPage } from "./check-message.ts";
import type { KeyEcho } from "./keyboard.ts";
import { startBench } from "./panels/bench/index.ts";
import { fitGraph, revealInGraph } from "./panels/graph/index.ts";
import { firstFolding } from "./model/fold/index.ts";
import { restore } from "./saved-state.ts";
import type { State } from "./store.ts";

/** Takes one message, whatever it is: what does not look like one, or breaks on the way, is in the log and changes nothing that can be helped. */
export function receive(app: App, message: unknown, echo: KeyEcho): void {
  const complain = (text: string): void => app.host.send({ type: "log", level: "warn", text });
  if (!isToPage(message)) return complain(`a message that is none was dropped: ${kindOf(message)}`);
  try {
    if (!app.host.receive(message)) take(app, message, echo);
  } catch (error) {
    complain(`${message.type}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

const kindOf = (message: unknown): string => String((message as { type?: unknown } | null | undefined)?.type).slice(0, 100);

/** Messages of an older generation are dropped. */
function take(app: App, message: ToPage, echo: KeyEcho): void {
  if (isCompareMessage(message)) return receiveCompare(app, message);
  const { state } = app.store;
  switch (message.type) {
    case "hello":
      app.store.update({ hello: message.hello, options: message.hello.options, trusted: message.hello.trusted });
      return restore(app, message.hello.state);
    case "generation":
      app.reset();
      return app.store.update({
        generation: message.generation,
        options: message.options,
        busy: true,
        failed: undefined,
        summary: undefined,
        measured: undefined,
        measuredFrom: undefined,
        bodies: [],
        version: state.version + 1,
      });
    case "stage":
      if (message.generation !== state.generation) return;
      app.trace.add(message.delta);
      return app.store.update({ version: state.version + 1, ...folded(app) });
    case "summary":
      if (message.generation !== state.generation) return;
      app.store.update({ summary: message.summary, busy: false, version: state.version + 1 });
      if (app.store.state.stage > lastStage(app.store.state)) app.store.update({ stage: lastStage(app.store.state) });
      return restore(app, undefined);
    case "failed":
      if (message.generation !== state.generation) return;
      app.announce(message.error.message);
      return app.store.update({ failed: message.error, busy: false });
    case "command":
      if (echo.swallows(message.command)) return;
      runCommand(app, message.command, { fit: fitGraph, bench: (scope) => startBench(app, scope) });
      if (!message.command.name.startsWith("select-")) return;
      // Loops, code and groups show a selection as well, and what has the graph above it; the other views do not.
      if (!showsSelection(app.store.state) && message.command.name !== "select-buffer") showView(app, "graph");
      revealInGraph(app.store.state.selection.nodes);
      return;
    case "trust":
      return app.store.update({ trusted: message.trusted });
    default:
      return;
  }
}

const showsSelection = ({ view, graphBeside }: State): boolean =>
  ["graph", "kernels", "fusion"].includes(view) || (["buffers", "values"].includes(view) && graphBeside);

/** Big graphs start folded, unless somebody has chosen. */
function folded({ store, trace }: App): Partial<State> {
  const [first] = trace.graphStages;
  if (store.state.foldChosen || first === undefined) return {};
  return { foldChosen: true, foldBy: firstFolding(trace.snapshot(first)) };
}
