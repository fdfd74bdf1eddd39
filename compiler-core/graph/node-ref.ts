/**
 * References to ONNX nodes as users write them: `#12` or `#12/then_branch/#3` (position), `name:NAME`, `out:NAME`. Names may be empty,
 * repeated or contain anything, so an ambiguous reference is an error that lists the candidates.
 */
import { userError } from "../messages.ts";
import type { SourceNode } from "./ir.ts";

/** The index into `sources` that `ref` names. */
export function findSource(sources: readonly SourceNode[], ref: string): number {
  if (!/^(#|name:|out:)/.test(ref)) userError("node-reference", {}, { ref });
  const hits = sources.flatMap((s, i) => (matches(s, ref) ? [i] : []));
  const [first] = hits;
  if (first === undefined) userError("no-such-node", {}, { ref });
  if (hits.length > 1)
    userError(
      "ambiguous-node",
      {},
      {
        ref,
        candidates: hits
          .slice(0, 8)
          .map((i) => describe(sources[i]))
          .join(", "),
      },
    );
  return first;
}

function matches(source: SourceNode, ref: string): boolean {
  if (ref.startsWith("name:")) return source.name === ref.slice(5);
  if (ref.startsWith("out:")) return source.outputs.includes(ref.slice(4));
  return source.path === ref;
}

const describe = (s: SourceNode | undefined): string => (s === undefined ? "?" : `${s.path} ${s.opType}`);
