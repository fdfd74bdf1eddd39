/** What the page can ask for: one handler a request, each with a time limit. */
import type { PanelRequests, RequestName } from "#protocol";
import type { ModelDocument } from "../document/model-document.ts";
import type { Progress } from "../worker/messages.ts";

/** What a handler may use besides its argument. */
export interface RequestContext {
  readonly document: ModelDocument;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
  /** Runs a benchmark with the notification, the status bar and the log around it. */
  readonly bench: (
    arg: PanelRequests["bench"]["arg"],
    signal: AbortSignal,
    progress: (p: Progress) => void,
  ) => Promise<PanelRequests["bench"]["reply"]>;
  readonly openText: (arg: PanelRequests["openText"]["arg"]) => Promise<void>;
  readonly openDiff: (arg: PanelRequests["openDiff"]["arg"]) => Promise<void>;
  readonly changeOptions: (arg: PanelRequests["compile"]["arg"]) => void;
  readonly saveState: (state: unknown) => void;
}

type Handler<N extends RequestName> = (arg: PanelRequests[N]["arg"], context: RequestContext) => Promise<PanelRequests[N]["reply"]>;

interface Row<N extends RequestName> {
  /** Seconds until the page gets an error; the work is called off. */
  readonly limit: number;
  readonly handle: Handler<N>;
}

export const pageRequests: { readonly [N in RequestName]: Row<N> } = {
  compile: {
    limit: 20,
    handle: async (arg, { document, changeOptions }) => {
      changeOptions(arg);
      return { generation: document.generation };
    },
  },
  text: { limit: 240, handle: ({ kind, stage }, { document, signal, progress }) => document.text(kind, stage, signal, progress) },
  tensor: { limit: 60, handle: (arg, { document, signal }) => document.tensor(arg, signal) },
  body: { limit: 30, handle: ({ path }, { document, signal }) => document.body(path, signal) },
  bench: { limit: 900, handle: (arg, { bench, signal, progress }) => bench(arg, signal, progress) },
  openDiff: { limit: 60, handle: async (arg, { openDiff }) => (await openDiff(arg), null) },
  openText: { limit: 240, handle: async (arg, { openText }) => (await openText(arg), null) },
  saveState: { limit: 10, handle: async ({ state }, { saveState }) => (saveState(state), null) },
};

/** True for a message that names a request of the table: messages of a page are not trusted to be well formed. */
export const isRequestName = (name: unknown): name is RequestName => typeof name === "string" && Object.hasOwn(pageRequests, name);
