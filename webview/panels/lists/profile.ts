/** A profile of ONNX Runtime as a list: its kernels, or our fusion groups with the time of those behind them, longest first. */
import type { OrtKernel } from "#protocol";
import { lastRunStage, type App } from "../../app.ts";
import { selectGroup, selectSource } from "../../actions.ts";
import { linkButton, segmented } from "../../controls/index.ts";
import { cutText } from "../../cut-text.ts";
import { el, fill } from "../../dom.ts";
import { digits, tail, timeText, visible } from "../../model/format.ts";
import { templateText } from "../../model/holes.ts";
import { timesOfGroups, timeUnfound, type GroupTime } from "../../model/profile-times.ts";
import type { State } from "../../store.ts";
import { t } from "../../strings.ts";
import { VirtualList } from "../../virtual-list.ts";
import { revealInGraph } from "../graph/index.ts";

const usText = (us: number): string => timeText(us / 1000);

type By = "kernels" | "groups";

export class ProfileList {
  readonly head = el("div", { class: "profile-head" });
  readonly list: VirtualList;
  private by: By = "kernels";
  private kernels: readonly OrtKernel[] = [];
  private groups: readonly GroupTime[] = [];

  constructor(private readonly app: App) {
    this.list = new VirtualList({
      label: t("Times in ONNX Runtime"),
      role: "listbox",
      idPrefix: "profile-",
      row: (i) => (this.by === "kernels" ? this.kernelRow(i) : this.groupRow(i)),
      selected: (i) => this.isSelected(i),
      onSelect: (i) => this.select(i),
    });
  }

  update(state: State, previous: State): void {
    if (state.profile !== previous.profile || state.summary !== previous.summary) this.refresh();
    else if (state.selection !== previous.selection) this.list.draw();
  }

  private refresh(): void {
    const { profile, summary } = this.app.store.state;
    this.kernels = profile?.kernels ?? [];
    const { nodes } = this.app.trace.snapshot(lastRunStage(this.app.store.state));
    this.groups = profile && summary ? timesOfGroups(profile, summary.groups, nodes) : [];
    if (profile) {
      const unfound = timeUnfound(profile);
      const choice = segmented<By>(
        t("List"),
        [
          { value: "kernels", label: t("Kernels"), title: t("What ONNX Runtime ran") },
          { value: "groups", label: t("Groups"), title: t("Our fusion groups, with the time of ONNX Runtime's kernels for their nodes") },
        ],
        (by) => this.show(by),
      );
      choice.set(this.by);
      fill(
        this.head,
        el(
          "p",
          { title: visible(profile.file) },
          t(
            "{0}: {1} per run, {2} in kernels ({3} runs).",
            visible(profile.file),
            usText(profile.runUs),
            usText(profile.kernelsUs),
            profile.runs,
          ),
        ),
        unfound > 0
          ? el(
              "p",
              { class: "muted" },
              t(
                "{0} in kernels without a node of the file: ONNX Runtime fused them. For times of every node, profile with its optimisations disabled.",
                usText(unfound),
              ),
            )
          : undefined,
        el(
          "div",
          { class: "profile-tools" },
          choice.element,
          linkButton(t("close"), () => this.close(), t("Forget this profile")),
        ),
      );
    }
    this.list.set(this.by === "kernels" ? this.kernels.length : this.groups.length);
  }

  private show(by: By): void {
    this.by = by;
    this.refresh();
  }

  private close(): void {
    const { colorBy } = this.app.store.state;
    this.app.store.update({ profile: undefined, ...(colorBy === "ort" ? { colorBy: "kind" } : {}) });
  }

  private isSelected(i: number): boolean {
    const { selection } = this.app.store.state;
    if (this.by === "groups") return this.groups[i]?.group.id === selection.group && selection.group !== undefined;
    const source = this.kernels[i]?.source;
    if (source === undefined || selection.nodes.length === 0) return false;
    const { nodes } = this.app.shown();
    return selection.nodes.every((id) => nodes.get(id)?.origin.includes(source) === true);
  }

  private select(i: number): void {
    const { app } = this;
    const source = this.kernels[i]?.source;
    if (this.by === "groups") selectGroup(app, this.groups[i]?.group.id ?? -1);
    else if (source === undefined) return app.announce(t("No node of the file is known to be behind this kernel."));
    else selectSource(app, source);
    revealInGraph(app.store.state.selection.nodes);
  }

  private kernelRow(i: number): HTMLElement {
    const { name, op, us, calls, provider, source, found } = this.kernels[i] as OrtKernel;
    const where = this.app.store.state.summary?.sources[source ?? -1];
    const lines = [
      `${visible(op)}  ${visible(name)}`,
      visible(provider),
      calls === 1 ? "" : t("{0} calls per run", digits(calls)),
      where ? `${where.path} ${visible(where.opType)} ${visible(where.name)}` : t("no node of the file is known"),
      found === "part" ? t("a kernel that ONNX Runtime fused, named after this node") : "",
    ];
    return row(visible(op), tail(name, 60), us, this.whole, lines, source === undefined);
  }

  private groupRow(i: number): HTMLElement {
    const { group, us, kernels } = this.groups[i] as GroupTime;
    const own = this.app.store.state.measured?.regions.find((region) => region.group === group.id)?.ns;
    const lines = [
      visible(group.name),
      t("{0} in ONNX Runtime, in {1} kernels", usText(us), kernels),
      own === undefined ? "" : t("{0} here, all threads together", usText(own / 1000)),
    ];
    const beside = own === undefined ? visible(group.name) : t("here {0}", usText(own / 1000));
    return row(`${group.id} · ${templateText(group.template)}`, beside, us, this.whole, lines, false);
  }

  private get whole(): number {
    return this.app.store.state.profile?.kernelsUs ?? 0;
  }
}

function row(op: string, name: string, us: number, whole: number, lines: readonly string[], faint: boolean): HTMLElement {
  const share = whole > 0 ? us / whole : 0;
  const bar = el("span", { class: "profile-bar", attrs: { "aria-hidden": "true" } });
  bar.style.width = `${(100 * Math.min(1, share)).toFixed(1)}%`;
  return el(
    "div",
    {
      class: `row profile-row${faint ? " faint" : ""}`,
      title: [...lines.filter(Boolean), t("{0} % of all kernels", digits(100 * share))].join("\n"),
    },
    bar,
    el("span", { class: "node-op" }, op),
    cutText("node-name", name, 0, 6),
    el("span", { class: "node-shape whole" }, usText(us)),
  );
}
