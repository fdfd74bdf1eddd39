/** What covers the graph while there is none: loading, or the error that keeps the model from being shown. */
import type { App } from "../../app.ts";
import { progressRing } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import type { State } from "../../store.ts";

export function showCurtain(app: App, curtain: HTMLElement, state: State): void {
  const empty = app.trace.graphStage(state.stage) < 0;
  curtain.hidden = !empty;
  if (!empty) return;
  const name = visible(state.hello?.model.name ?? "the model");
  if (state.failed) {
    const { message, next, code } = state.failed;
    fill(
      curtain,
      el(
        "div",
        { class: "notice error", role: "alert" },
        el("h2", {}, `${visible(state.hello?.model.name ?? "The model")} cannot be shown`),
        el("p", { class: "notice-what" }, visible(message)),
        el("p", { class: "notice-next" }, el("b", {}, "What to do: "), visible(next)),
        el("p", { class: "muted" }, "When the file changes on disk, the editor offers to read it again. ", el("code", {}, code)),
      ),
    );
  } else if (!curtain.querySelector(".loading")) {
    fill(curtain, el("div", { class: "notice loading", role: "status" }, progressRing("Loading"), el("p", {}, `Reading ${name} …`)));
  }
}
