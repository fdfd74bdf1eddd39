/** The line below the controls: progress, why nothing can run, what went wrong, and what there is before the first run. */
import type { ErrorInfo } from "#protocol";
import { button, icon, progressRing, type IconName } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";
import { t } from "../../strings.ts";

export class Notice {
  readonly element = el("div", { class: "bench-notice" });
  private ticking: ReturnType<typeof setInterval> | undefined;

  clear(): void {
    clearInterval(this.ticking);
    fill(this.element);
  }

  /** Shows that something runs; the function takes its steps. */
  progress(): (step: string, done: number | null) => void {
    this.clear();
    const text = el("span", { role: "status" }, t("Starting …"));
    const time = el("span", { class: "muted elapsed", attrs: { "aria-hidden": "true" } });
    const bar = el("progress", { attrs: { max: "1", "aria-label": t("Benchmark") } });
    const began = Date.now();
    this.ticking = setInterval(() => (time.textContent = `${Math.round((Date.now() - began) / 1000)} s`), 500);
    fill(this.element, progressRing("Measuring"), text, bar, time);
    return (step, done) => {
      // The same words again would be read out again.
      if (text.textContent !== step) text.textContent = step;
      if (done === null) bar.removeAttribute("value");
      else bar.value = done;
    };
  }

  /** Why nothing can run now. */
  obstacle(text: string | undefined): void {
    this.clear();
    if (text !== undefined) fill(this.element, sign("warning", "muted"), el("p", { class: "muted", role: "status" }, visible(text)));
  }

  failed({ code, message, next }: ErrorInfo, again: () => void): void {
    this.clear();
    if (code === "cancelled")
      return fill(
        this.element,
        sign("stop", "muted"),
        el("p", { class: "muted", role: "status" }, t("Cancelled: nothing of it was kept.")),
      );
    fill(
      this.element,
      sign("error", "error-text"),
      el(
        "div",
        { class: "bench-failure", role: "alert" },
        el("p", { class: "error-text" }, visible(message)),
        next === "" ? undefined : el("p", {}, visible(next)),
        el("code", { class: "muted" }, visible(code)),
      ),
      button("Try again", again).element,
    );
  }
}

function sign(name: IconName, kind: string): HTMLElement {
  const element = el("span", { class: `notice-sign ${kind}` });
  element.append(icon(name));
  return element;
}

/** Before the first run. */
export function emptyBoard(recorded: boolean): HTMLElement {
  const rows: readonly (readonly [IconName, string])[] = [
    [
      "chart",
      t("Every run of ours and of the baselines, in turns, with medians, 95 % intervals and a control of the same code against itself"),
    ],
    ["compare", t("Where each fusion group lies below the measured ceilings of this machine, and how that moved over your runs")],
    ["graph", t("Time by group and thread, also as the colours of the graph")],
  ];
  const list = rows.map(([name, text]) => {
    const item = el("li", {});
    item.append(icon(name), el("span", {}, text));
    return item;
  });
  return el(
    "div",
    { class: "bench-empty" },
    el("h3", {}, recorded ? t("Nothing was measured for this record") : t("Nothing measured yet")),
    el(
      "p",
      { class: "muted" },
      recorded
        ? t("A record can only be looked at. To measure, open the model in VS Code, or add a stored result to the record.")
        : t("Choose what to measure and press Run benchmark. It shows:"),
    ),
    recorded ? undefined : el("ul", {}, ...list),
  );
}
