/** What if this edge were, or were not, fused: the pair goes into the options, the model is compiled again, and the verdict tells. */
import type { NodePair, PanelOptions, Verdict } from "#protocol";
import type { App } from "../../app.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { errorInfo } from "../../host.ts";
import { edgeKey, isNothingToFuse, whyUnforceable } from "../../model/fusion-verdicts.ts";
import type { NodeRow, Snapshot } from "../../model/trace.ts";

type Kind = "force" | "forbid";

/** Verdicts of edges as they were when a pair was last changed, by the edge. */
let before = new Map<string, Verdict>();
/** The compilation that the change led to: others may number their nodes anew. */
let beforeOf = -1;

/** The verdict that an edge had before a pair was changed from here; undefined: nothing was changed, or it is the same. */
export function verdictBefore(app: App, verdict: Verdict): Verdict | undefined {
  const old = verdict.subject === "fusion" && app.store.state.generation === beforeOf ? before.get(edgeKey(verdict)) : undefined;
  return old && (old.accepted !== verdict.accepted || old.rule !== verdict.rule) ? old : undefined;
}

/**
 * ONNX nodes that stand for an edge of the last graph, as options name them. Nodes that both ends come from say nothing about the edge:
 * they are taken only when there is no other.
 */
export function pairOf(app: App, verdict: Verdict): NodePair | undefined {
  const [from, to] = verdict.nodes.map((id) => lastGraph(app).nodes.get(id));
  const sources = app.store.state.summary?.sources ?? [];
  const path = (node: NodeRow | undefined, other: NodeRow | undefined): string | undefined => {
    const own = [...(node?.origin ?? [])].filter((source) => other?.origin.includes(source) !== true);
    return sources[own[own.length - 1] ?? node?.origin[node.origin.length - 1] ?? -1]?.path;
  };
  const [a, b] = [path(from, to), path(to, from)];
  return a === undefined || b === undefined ? undefined : [a, b];
}

const lastGraph = (app: App): Snapshot => app.trace.snapshot(app.trace.graphStages[app.trace.graphStages.length - 1] ?? 0);

const samePair = (a: NodePair, b: NodePair): boolean => (a[0] === b[0] && a[1] === b[1]) || (a[0] === b[1] && a[1] === b[0]);

/** The options with a pair added to one list and gone from the other; `undefined` takes it out of both. */
export function withPair(options: PanelOptions, pair: NodePair, kind: Kind | undefined): PanelOptions {
  const kept = (list: readonly NodePair[]): readonly NodePair[] => list.filter((other) => !samePair(other, pair));
  const [force, forbid] = [kept(options.force), kept(options.forbid)];
  return { ...options, force: kind === "force" ? [...force, pair] : force, forbid: kind === "forbid" ? [...forbid, pair] : forbid };
}

/** Compiles again with the pair forced, forbidden, or left to the rules. */
export function changePair(app: App, pair: NodePair, kind: Kind | undefined): void {
  const { options, summary } = app.store.state;
  if (!options) return;
  before = new Map((summary?.verdicts ?? []).filter(({ subject }) => subject === "fusion").map((v) => [edgeKey(v), v]));
  app.announce(
    kind === undefined ? "Compiling without this pair" : `Compiling with this pair ${kind === "force" ? "forced" : "forbidden"}`,
  );
  app.host
    .request("compile", { options: withPair(options, pair, kind) })
    .result.then(({ generation }) => (beforeOf = generation))
    .catch((error: unknown) => app.store.update({ failed: errorInfo(error), busy: false }));
}

/** Views have no code to fuse, and what is done once cannot be done in every run: there is nothing to ask for. */
const nothing: ReadonlySet<string> = new Set(["fuse/first-run", "fuse/not-compiled"]);

/** The buttons of a fusion verdict; none where the page is a record or the edge has no ONNX nodes. */
export function whatIfButtons(app: App, verdict: Verdict): HTMLElement[] {
  const { options, hello } = app.store.state;
  const pair = verdict.subject === "fusion" ? pairOf(app, verdict) : undefined;
  if (!pair || !options || hello?.recorded === true) return [];
  const has = (list: readonly NodePair[]): boolean => list.some((other) => samePair(other, pair));
  const [forced, forbidden] = [has(options.force), has(options.forbid)];
  const offer = (label: string, kind: Kind | undefined, title: string): HTMLElement =>
    linkButton(label, () => changePair(app, pair, kind), title);
  const named = pair[0] === pair[1] ? `operators of ${pair[0]}` : `${pair[0]} and ${pair[1]}`;
  return [
    ...(forbidden || forced
      ? [offer(forced ? "Force no longer" : "Allow again", undefined, `Compiles again and lets the rules decide about ${named}`)]
      : []),
    ...(!forbidden && verdict.accepted ? [offer("Forbid fusion", "forbid", `Compiles again with --forbid ${pair.join("+")}`)] : []),
    ...(!forced && !forbidden && !verdict.accepted && !nothing.has(verdict.rule) && !isNothingToFuse(verdict)
      ? forceOffer(verdict, offer("Force fusion", "force", `Compiles again with --force ${pair.join("+")}`))
      : []),
  ];
}

/** The button, or, where it could do nothing, the button switched off with the reason beside it. */
function forceOffer(verdict: Verdict, button: HTMLElement): HTMLElement[] {
  const why = whyUnforceable(verdict);
  if (why === undefined) return [button];
  button.setAttribute("disabled", "");
  button.title = why;
  return [button, el("span", { class: "muted verdict-unforceable" }, `cannot be forced: ${why}`)];
}
