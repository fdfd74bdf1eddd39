/** The page's state: small, immutable, changed in one place. Bulky data (trace, texts) lives beside it and is named by `version`. */
import type { CompilationSummary, ErrorInfo, Hello, PanelOptions } from "#protocol";

export type View = "graph" | "kernels" | "buffers" | "bench";
export type Compare = "overlay" | "split" | "off";

/** What is selected. Everything else that lights up is derived from it. */
export interface Selection {
  /** Node ids of the shown stage's graph, or keys of input and output boxes (negative). */
  readonly nodes: readonly number[];
  readonly group?: number;
  readonly buffer?: number;
  /** A producer -> consumer pair, for its verdict. */
  readonly edge?: readonly [number, number];
}

export interface State {
  readonly hello?: Hello;
  readonly trusted: boolean;
  readonly generation: number;
  readonly options?: PanelOptions;
  readonly summary?: CompilationSummary;
  readonly failed?: ErrorInfo;
  /** True from the start of a compilation to its summary or failure. */
  readonly busy: boolean;
  /** Counts changes of the trace. */
  readonly version: number;
  /** Pass index shown. */
  readonly stage: number;
  readonly view: View;
  readonly compare: Compare;
  readonly selection: Selection;
  /** Statement ids lit by the pointer in one of the texts. */
  readonly litStatements: readonly number[];
  /** Node ids lit by the pointer. */
  readonly litNodes: readonly number[];
  /** Rule hit shown of the current pass; -1: none. */
  readonly hit: number;
  readonly showUnchanged: boolean;
  /** Graphs inside of the model that were entered, by path, outermost first; the last one is shown. Empty: the graph of the stage is. */
  readonly bodies: readonly string[];
}

export const noSelection: Selection = { nodes: [] };

export const initialState: State = {
  trusted: true,
  generation: -1,
  busy: true,
  version: 0,
  stage: 0,
  view: "graph",
  compare: "overlay",
  selection: noSelection,
  litStatements: [],
  litNodes: [],
  hit: -1,
  showUnchanged: false,
  bodies: [],
};

export type Listener = (state: State, previous: State) => void;

export class Store {
  private current = initialState;
  private readonly listeners: Listener[] = [];

  get state(): State {
    return this.current;
  }

  subscribe(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Tells every listener, in order of subscription, unless nothing differs. */
  update(change: Partial<State>): void {
    const previous = this.current;
    const next = { ...previous, ...change };
    const keys = Object.keys(change) as (keyof State)[];
    if (keys.every((key) => previous[key] === next[key])) return;
    this.current = next;
    for (const listener of this.listeners) listener(this.current, previous);
  }
}
