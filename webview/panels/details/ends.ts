/** What the selection is in the last graph. */
import { nodesAtEnd, sourcesOfSelection } from "../../actions.ts";
import type { App } from "../../app.ts";

/**
 * Where all that an ONNX node was at the shown stage is selected, all that became of it: also what took a part of its work, as the packing of
 * a weight. Of a part of it, what became of that part.
 */
export function endsOfSelection(app: App): readonly number[] {
  const { selection, stage } = app.store.state;
  const last = app.trace.graphStages[app.trace.graphStages.length - 1] ?? 0;
  const selected = new Set(selection.nodes);
  const whole = sourcesOfSelection(app).filter((source) => app.lineage.at(source, stage).every((node) => selected.has(node)));
  return [...new Set([...nodesAtEnd(app), ...whole.flatMap((source) => [...app.lineage.at(source, last)])])];
}
