/** Pairs of nodes that the user has forced together or kept apart, each with what came of it and a button that takes it away. */
import type { NodePair, PairOutcome } from "#protocol";
import type { App } from "../../app.ts";
import { iconButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { changePair } from "../details/what-if.ts";

const words = { force: "fused", forbid: "apart" } as const;

export class PairChips {
  readonly element = el("div", { class: "pair-chips", role: "list", attrs: { "aria-label": "Forced and forbidden fusions" } });

  constructor(private readonly app: App) {}

  show({ options, summary, hello }: State): void {
    const pairs = (["force", "forbid"] as const).flatMap((kind) => (options?.[kind] ?? []).map((pair) => ({ kind, pair })));
    this.element.hidden = pairs.length === 0;
    fill(
      this.element,
      ...pairs.map(({ kind, pair }) =>
        this.chip(kind, pair, outcomeOf(summary?.pairs ?? [], kind, pair), summary?.sources ?? [], hello?.recorded === true),
      ),
    );
  }

  private chip(
    kind: PairOutcome["kind"],
    pair: NodePair,
    outcome: PairOutcome | undefined,
    sources: NonNullable<State["summary"]>["sources"],
    recorded: boolean,
  ): HTMLElement {
    const named = pair.map((ref) => {
      const source = sources.find(({ path }) => path === ref);
      // By name, as the details and the lineage say it: numbers with # are those of the graph's nodes there.
      return source ? `${visible(source.opType)} ${visible(source.name) || `ONNX ${ref}`}` : visible(ref);
    });
    const text = `${words[kind]}: ${named.join(" + ")}`;
    const result = outcome === undefined ? "" : outcome.done ? `done: ${outcome.because}` : `not done: ${outcome.because}`;
    const chip = el(
      "span",
      {
        class: `chip ${outcome?.done === false ? "refused" : ""}`,
        role: "listitem",
        title: visible(`--${kind} ${pair.join("+")}\n${result}`),
        data: { pair: pair.join("+"), kind },
      },
      text,
      outcome?.done === false && el("span", { class: "chip-note" }, " — not possible"),
    );
    if (!recorded) chip.append(iconButton("cross", `Remove ${text}`, () => changePair(this.app, pair, undefined)));
    return chip;
  }
}

const outcomeOf = (outcomes: readonly PairOutcome[], kind: PairOutcome["kind"], pair: NodePair): PairOutcome | undefined =>
  outcomes.find((outcome) => outcome.kind === kind && outcome.pair.join("\n") === pair.join("\n"));
