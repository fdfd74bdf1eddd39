/** The page's state: small, immutable, changed in one place. Bulky data (trace, texts) lives beside it and is named by `version`. */
import type { BenchResult, CompareHello, CompilationSummary, ErrorInfo, Hello, OrtProfile, PanelOptions } from "#protocol";

/** `compare` is there only while another compilation is. */
export type View = "graph" | "kernels" | "buffers" | "bench" | "fusion" | "values" | "compare";
export type Compare = "overlay" | "split" | "off";
/** What the colour of a box says. */
export type ColorBy = "kind" | "dtype" | "layout" | "group" | "flops" | "bytes" | "time" | "ort";
/** Which way data flows in the picture. */
export type Direction = "down" | "right";
/** By what nodes are gathered into one box: prefixes of their names, equal blocks, or fusion groups. */
export type FoldBy = "none" | "scope" | "repetition" | "group";

/** What was searched for, and where it was found in the graph that is shown. */
export interface Search {
  readonly text: string;
  /** Node ids in topological order. */
  readonly found: readonly number[];
  /** Of a search for a structure: for each of `found`, which begins it, the node of every step. */
  readonly chains?: readonly (readonly number[])[] | undefined;
  /** Index into `found` of the one looked at; -1: none yet. */
  readonly at: number;
  /** Why the text is not a query. */
  readonly error?: string | undefined;
}

export const noSearch: Search = { text: "", found: [], at: -1 };

/** What is selected. Everything else that lights up is derived from it. */
export interface Selection {
  /** Node ids of the shown stage's graph, or keys of input and output boxes (negative). */
  readonly nodes: readonly number[];
  readonly group?: number;
  readonly buffer?: number;
  /** A producer -> consumer pair, for its verdict. */
  readonly edge?: readonly [number, number];
  /** Id of the cluster that was selected as such; `nodes` are those in it. */
  readonly cluster?: string;
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
  readonly colorBy: ColorBy;
  readonly direction: Direction;
  /** Attributes are written on the nodes of the graph. */
  readonly attributes: boolean;
  readonly foldBy: FoldBy;
  /** Ids of clusters that are not as `foldBy` would have them: opened by hand where they start closed, and the other way round. */
  readonly turned: ReadonlySet<string>;
  /** Somebody, or the size of the graph, has decided how it is folded. */
  readonly foldChosen: boolean;
  readonly search: Search;
  /** Stages of loops and code are shown as text in the graph's place; else as the last graph. */
  readonly loopText: boolean;
  readonly other?: Other | undefined;
  /** The benchmark of this compilation that colours go by, and which one it is in words. */
  readonly measured?: BenchResult | undefined;
  readonly measuredFrom?: string | undefined;
  /** A profile of ONNX Runtime. */
  readonly profile?: OrtProfile | undefined;
  /** The graph is shown above the fusion groups and above the memory map, where there is room. */
  readonly graphBeside: boolean;
}

/** Another compilation to compare with. Its graphs are beside the state, as ours are. */
export interface Other {
  readonly hello: CompareHello;
  readonly summary?: CompilationSummary;
  readonly failed?: ErrorInfo;
  /** Counts what has come of it. */
  readonly version: number;
  /** Stage of it that is shown: that of ours, or one of its own. */
  readonly stage: "same" | number;
}

export const noSelection: Selection = { nodes: [] };

const initialState: State = {
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
  colorBy: "kind",
  direction: "down",
  attributes: false,
  foldBy: "none",
  turned: new Set(),
  foldChosen: false,
  search: noSearch,
  loopText: true,
  graphBeside: true,
};

export type Listener = (state: State, previous: State) => void;

export class Store {
  private current = initialState;
  private readonly listeners: Listener[] = [];
  /** The state before a row of changes that listeners hear of as one. */
  private before: State | undefined;

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
    if (!this.before) this.tell(previous);
  }

  /** Listeners hear of all changes made by `changes` as one. */
  together(changes: () => void): void {
    if (this.before) return changes();
    const before = (this.before = this.current);
    try {
      changes();
    } finally {
      this.before = undefined;
      if (this.current !== before) this.tell(before);
    }
  }

  private tell(previous: State): void {
    for (const listener of this.listeners) listener(this.current, previous);
  }
}
