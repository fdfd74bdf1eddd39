/** What panels share: the state, the recorded data, the line to the host. */
import type { LineOrigin, PassEvent, PassInfo, TextKind, TextReply } from "#protocol";
import type { OtherSide } from "./compare/other-side.ts";
import type { Theme } from "./draw/theme.ts";
import type { Host } from "./host.ts";
import { bodySnapshot } from "./model/bodies.ts";
import { Lineage } from "./model/lineage.ts";
import { Trace, type Snapshot } from "./model/trace.ts";
import type { State, Store } from "./store.ts";

/** A part of the page. `update` is called after every change of state, with the state before. */
export interface Panel {
  readonly id: string;
  readonly title: string;
  /** Builds the panel once. */
  readonly render: (app: App) => HTMLElement;
  readonly update: (state: State, previous: State, app: App) => void;
  /** The theme changed. */
  readonly repaint?: (theme: Theme) => void;
}

/** A pass that has run, or only its place in the pipeline. */
export type PassRow = PassInfo & Partial<PassEvent>;

/** Texts kept, the last ones asked for: one of a big model takes ten megabytes and more. */
const mostTexts = 12;

export class App {
  trace = new Trace();
  theme: Theme;
  /** The other compilation of a comparison. */
  other: OtherSide | undefined;
  /** Called when the first graph is painted. */
  onFirstPicture: () => void = () => {};
  /** The first graph is here and not painted yet: what is not part of its picture waits. */
  drawsFirst: () => boolean = () => false;
  private lineageOf: { readonly version: number; readonly lineage: Lineage } | undefined;
  private readonly texts = new Map<string, Promise<TextReply>>();
  private readonly arrived = new Map<string, TextReply>();
  private readonly bodies = new Map<string, Snapshot>();

  constructor(
    readonly store: Store,
    readonly host: Host,
    theme: Theme,
    /** Says something to screen readers. */
    readonly announce: (text: string) => void,
  ) {
    this.theme = theme;
  }

  /** Forgets the compilation before. */
  reset(): void {
    this.trace = new Trace();
    this.lineageOf = undefined;
    this.texts.clear();
    this.arrived.clear();
    this.bodies.clear();
  }

  /** What the graph shows: the graph of the stage, or the one inside of the model that was entered. */
  shown(state: State = this.store.state): Snapshot {
    const path = state.bodies[state.bodies.length - 1];
    return (path === undefined ? undefined : this.bodies.get(path)) ?? this.trace.snapshot(state.stage);
  }

  /** Makes a graph inside of the model ready to be shown. Rejects with the host's error. */
  async loadBody(path: string): Promise<void> {
    if (this.bodies.has(path)) return;
    const { generation } = this.store.state;
    const delta = await this.host.request("body", { path }).result;
    if (generation === this.store.state.generation) this.bodies.set(path, bodySnapshot(delta));
  }

  get lineage(): Lineage {
    const { version } = this.store.state;
    if (this.lineageOf?.version !== version) this.lineageOf = { version, lineage: new Lineage(this.trace) };
    return this.lineageOf.lineage;
  }

  /** A text of the compilation, asked for once. A failure can be asked for again. */
  text(kind: TextKind, stage: number, progress?: (text: string, done: number | null) => void): Promise<TextReply> {
    const key = `${kind}:${stage}`;
    const known = this.texts.get(key);
    if (known) {
      this.texts.delete(key);
      this.texts.set(key, known); // the last one asked for
      return known;
    }
    const asked = this.host.request("text", { kind, stage }, progress).result;
    this.texts.set(key, asked);
    for (const old of [...this.texts.keys()].slice(0, -mostTexts)) {
      this.texts.delete(old);
      this.arrived.delete(old);
    }
    asked.then(
      (reply) => this.texts.get(key) === asked && this.arrived.set(key, reply),
      () => this.texts.delete(key),
    );
    return asked;
  }

  /** A text that is already here. */
  textNow(kind: TextKind, stage: number): TextReply | undefined {
    return this.arrived.get(`${kind}:${stage}`);
  }

  /** Lines of a text that is here, by what they came from. */
  linesOf(kind: TextKind, stage: number, nodes: readonly number[]): readonly LineOrigin[] {
    const wanted = new Set(nodes);
    return this.textNow(kind, stage)?.origins.filter((origin) => origin.nodes.some((node) => wanted.has(node))) ?? [];
  }
}

/** All rows of the pipeline with what is known of each: events once they are there, places before. */
export function passRows({ hello, summary }: State): readonly PassRow[] {
  const rows: readonly PassRow[] = summary ? summary.passes : (hello?.passes ?? []);
  if (rows.length === 0 || rows.some((row) => row.index === 0)) return rows;
  return [{ index: 0, name: "import", level: "import", why: "The model as it was read.", optional: false, status: "changed" }, ...rows];
}

/** The last stage of the compilation. */
export const lastStage = (state: State): number => passRows(state).reduce((most, row) => Math.max(most, row.index), 0);

/** The last stage with text of its own in a language: stages after a failure have none. */
export function lastRunStage(state: State): number {
  const ran = passRows(state).filter((row) => row.status !== "failed");
  return ran.reduce((most, row) => Math.max(most, row.index), 0);
}
