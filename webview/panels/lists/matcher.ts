/** Search over nodes: every word must occur in op, name or an output's shape; /.../ is a regular expression. */
import type { NodeRow, Snapshot } from "../../model/trace.ts";

/** A test for one query. An invalid regular expression matches as plain text. */
export function matcher(query: string, snapshot: Snapshot): (node: NodeRow) => boolean {
  const words = query
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return () => true;
  const textOf = (node: NodeRow): string => {
    const value = snapshot.values.get(node.outputs[0] ?? -1);
    return `${node.op} ${node.name} #${node.id} ${value?.shape ?? ""} ${value?.dtype ?? ""}`;
  };
  const pattern = /^\/(.+)\/$/.exec(query.trim())?.[1];
  const expression = pattern === undefined ? undefined : expressionOf(pattern);
  if (expression) return (node) => expression.test(textOf(node));
  return (node) => {
    const text = textOf(node).toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

function expressionOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, "i");
  } catch {
    return undefined;
  }
}
