/**
 * A second compilation that a page holds against its own: of another model or of the same one with other options. It has a worker of
 * its own, which ends with it. Sends what happens to it as the page's protocol has it.
 */
import type * as vscode from "vscode";
import type { CompareHello, ToPage } from "#protocol";
import { optionsTitle } from "../text/options-title.ts";
import type { ModelDocument } from "./model-document.ts";

let lastId = 0;

export class Comparison implements vscode.Disposable {
  readonly id = ++lastId;
  private readonly listening: readonly vscode.Disposable[];

  /** @param other a document that nobody else has; it is disposed of with the comparison */
  constructor(
    private readonly own: ModelDocument,
    readonly other: ModelDocument,
    private readonly send: (message: ToPage) => void,
  ) {
    this.listening = [
      other.onDidChange((change) => this.onChange(change)),
      own.onDidChange((change) => change === "summary" && this.kind === "options" && this.sendAll()),
    ];
    void other.compile();
  }

  get kind(): CompareHello["kind"] {
    return this.own.uri.toString() === this.other.uri.toString() ? "options" : "model";
  }

  /** Everything so far, in order: for a page that just came up. */
  *replay(): Generator<ToPage> {
    const { id } = this;
    const { stages, summary, failed } = this.other;
    yield { type: "compare", compare: this.hello() };
    for (const delta of stages) yield { type: "compare-stage", id, delta };
    if (summary !== undefined) yield { type: "compare-summary", id, summary };
    if (failed !== undefined) yield { type: "compare-failed", id, error: failed };
  }

  dispose(): void {
    for (const one of this.listening) one.dispose();
    this.other.dispose();
  }

  private hello(): CompareHello {
    const { id, kind, own, other } = this;
    const titles =
      kind === "options"
        ? { title: optionsTitle(other.options, own.options), ownTitle: optionsTitle(own.options, other.options) }
        : { title: other.name, ownTitle: own.name };
    return { id, kind, ...titles, options: other.options };
  }

  private sendAll(): void {
    for (const message of this.replay()) this.send(message);
  }

  private onChange(change: Parameters<Parameters<ModelDocument["onDidChange"]>[0]>[0]): void {
    const { id } = this;
    const { stages, summary, failed } = this.other;
    const delta = stages.at(-1);
    if (change === "generation") this.send({ type: "compare", compare: this.hello() });
    else if (change === "stage" && delta !== undefined) this.send({ type: "compare-stage", id, delta });
    else if (change === "summary" && summary !== undefined) this.send({ type: "compare-summary", id, summary });
    else if (change === "failed" && failed !== undefined) this.send({ type: "compare-failed", id, error: failed });
  }
}
