/** Values: every tensor that a run has in memory, on the user's data, beside ONNX Runtime, and beside the float model of one with low precision. */
import type { PanelRequests } from "#protocol";
import type { App, Panel } from "../../app.ts";
import { button, linkButton, toggleButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { errorInfo, type Reply } from "../../host.ts";
import { visible } from "../../model/format.ts";
import type { State } from "../../store.ts";
import { t } from "../../strings.ts";
import { divergenceReport } from "./divergence.ts";
import { errorReport } from "./errors.ts";

type With = PanelRequests["compareValues"]["arg"]["with"];
type Answer = PanelRequests["compareValues"]["reply"];

class ValuesPanel {
  readonly element: HTMLElement;
  private readonly output = el("div", { class: "values-output" });
  private readonly data = el("p", { class: "muted values-data" });
  private readonly buttons;
  private readonly stop;
  private readonly beside;
  private running: Reply<Answer> | undefined;
  /** What was asked last, and what came of it. */
  private asked: With | undefined;
  private answer: Answer | undefined;

  constructor(private readonly app: App) {
    this.buttons = {
      reference: button("Compare with ONNX Runtime", () => void this.run("reference", false), "primary", "play"),
      float: button("Error of low precision", () => void this.run("float", false), "secondary"),
    };
    this.buttons.reference.element.title = t("Which tensor is the first that differs from ONNX Runtime's");
    this.buttons.float.element.title = t("What bytes or bf16 cost, tensor by tensor, against the same model in floats");
    this.stop = button("Cancel", () => this.running?.cancel(), "secondary", "stop");
    this.beside = toggleButton("bisect", "Show the graph above", () => app.store.update({ graphBeside: !app.store.state.graphBeside }));
    const tools = [this.buttons.reference.element, this.buttons.float.element, this.stop.element];
    this.element = el(
      "section",
      { class: "tensors" },
      el("div", { class: "toolbar" }, ...tools, el("span", { class: "spring" }), this.beside.element),
      this.output,
    );
    this.show();
  }

  update(state: State, previous: State): void {
    this.beside.set(state.graphBeside);
    if (state.generation !== previous.generation) {
      this.running?.cancel();
      this.running = this.answer = this.asked = undefined;
      this.show();
    } else if (state.summary !== previous.summary || state.trusted !== previous.trusted || state.hello !== previous.hello) this.show();
  }

  private async run(other: With, choose: boolean): Promise<void> {
    this.asked = other;
    const progress = el("p", { class: "muted", role: "status" }, t("running the model"));
    const reply = (this.running = this.app.host.request("compareValues", { with: other, choose }, (text) => fill(progress, visible(text))));
    this.show();
    fill(this.output, progress);
    try {
      const answer = await reply.result;
      if (this.running !== reply) return;
      if (answer.divergence !== undefined || answer.errors !== undefined) this.answer = answer;
      this.running = undefined;
      this.show();
      this.app.announce(this.output.querySelector("h3")?.textContent ?? "");
    } catch (error) {
      if (this.running !== reply) return;
      this.running = undefined;
      this.show();
      const { message, next } = errorInfo(error);
      fill(this.output, el("p", { class: "error-text" }, visible(message)), el("p", {}, visible(next)));
    }
  }

  private show(): void {
    const { hello, summary, trusted } = this.app.store.state;
    const runs = this.running !== undefined;
    const why = cannotRun(hello?.recorded === true, trusted, hello?.cannotRun);
    for (const { element, disable } of Object.values(this.buttons)) {
      disable(!summary || runs || why !== undefined);
      element.hidden = runs;
    }
    this.stop.element.hidden = !runs;
    const { answer, asked } = this;
    fill(
      this.data,
      t("on {0}", visible(answer?.data ?? "")),
      " · ",
      asked && linkButton("other data", () => void this.run(asked, true), "Run the model on other data"),
    );
    if (runs) return;
    fill(
      this.output,
      answer && this.data,
      why !== undefined
        ? el("p", { class: "muted" }, why)
        : answer?.divergence
          ? divergenceReport(this.app, answer.divergence)
          : answer?.errors
            ? errorReport(this.app, answer.errors)
            : introduction(),
    );
  }
}

function cannotRun(recorded: boolean, trusted: boolean, why: string | undefined): string | undefined {
  if (recorded) return t("This page carries one compilation with it, and cannot run it: `fusionscope probe MODEL --diverge` does.");
  if (!trusted) return t("In an untrusted folder nothing is built or run.");
  return why === undefined ? undefined : visible(why);
}

const introduction = (): HTMLElement =>
  el(
    "div",
    { class: "empty" },
    el(
      "p",
      {},
      t("Runs the model on data of yours, or on random numbers, and compares every tensor that the compiled code has in memory."),
    ),
    el(
      "p",
      { class: "muted" },
      t("For one tensor, select its node: the details have “values of a run”, with a histogram and the numbers."),
    ),
  );

let panel: ValuesPanel | undefined;

export const valuesPanel: Panel = {
  id: "values",
  title: "Values",
  render: (app) => (panel = new ValuesPanel(app)).element,
  update: (state, previous) => panel?.update(state, previous),
};
