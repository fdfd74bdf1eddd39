/** The editor's host without an editor: the compiler's worker, the line to the page and its table of requests, as VS Code runs them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import type { CompilationSummary, ErrorInfo, GraphDelta, Hello, PanelOptions, ToHost, ToPage } from "#protocol";
import { StageNames } from "../../extension/document/stage-names.ts";
import { hello, replay } from "../../extension/editor/hello.ts";
import { PageLink } from "../../extension/editor/page-link.ts";
import type { RequestContext } from "../../extension/editor/page-requests.ts";
import { CompilerClient } from "../../extension/worker/client.ts";
import type { MachineInfo, ModelInfo } from "../../extension/worker/messages.ts";
import { Threads } from "../../extension/worker/threads.ts";

type Document = RequestContext["document"];

export const plainOptions: PanelOptions = { isa: "auto", threads: 1, precision: "f32", dims: {}, without: [], force: [], forbid: [] };

const silent = {
  info: (): void => undefined,
  warn: (): void => undefined,
  error: (text: string): void => (text.startsWith("cancelled") ? undefined : console.error(text)),
};

/** The worker's bundle in a folder of its own: the built one may be another version. */
export async function workerBundle(): Promise<{ readonly file: string; remove(): void }> {
  const root = process.cwd();
  const scripts = (await import(path.join(root, "scripts/bundles/table.mjs"))) as {
    bundleOptions: (o: { minify: boolean }) => { outfile: string }[];
  };
  const options = scripts.bundleOptions({ minify: false }).find(({ outfile }) => outfile.endsWith("compiler-worker.cjs"));
  if (!options) throw new Error("the worker is not in the table of bundles");
  const folder = mkdtempSync(path.join(root, "dist", "live-"));
  const file = path.join(folder, "compiler-worker.cjs");
  await build({ ...options, outfile: file, sourcemap: false });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A model that is open. `host` is for `open` of page.ts; a second page of the same model takes the place of the first. */
export class LiveModel {
  summary: CompilationSummary | undefined;
  options: PanelOptions;
  /** Where the next file is to be saved. */
  saveTo: string | undefined;
  private generation = 0;
  private stages: GraphDelta[] = [];
  private names = new StageNames();
  private failed: ErrorInfo | undefined;
  private machine: MachineInfo | undefined;
  private model: ModelInfo | undefined;
  private dims: Hello["dims"] = [];
  private link: PageLink | undefined;
  private readonly client: CompilerClient;
  private readonly threads: Threads;

  private comparisons = 0;

  constructor(
    worker: string,
    private readonly file: string,
    options: Partial<PanelOptions> = {},
  ) {
    this.threads = new Threads(worker, () => ({}));
    this.client = new CompilerClient(() => this.threads.take(), silent);
    this.options = { ...plainOptions, ...options };
  }

  /** Of the newest compilation, in order. */
  get deltas(): readonly GraphDelta[] {
    return this.stages;
  }

  readonly host = (deliver: (message: ToPage) => void): ((message: unknown) => void) => {
    this.link?.dispose();
    let isUp = false; // nobody keeps messages for a page that is loading, as VS Code does
    const link = new PageLink(
      {
        post: (message) => isUp && deliver(message),
        load: () => undefined,
        onAnew: () => this.greet(link),
        onSilent: (error) => silent.error(error.message),
        onMessage: () => undefined,
        context: (signal, progress) => this.context(signal, progress),
      },
      60_000,
    );
    this.link = link;
    link.start();
    return (message) => {
      const comesUp = !isUp && (message as ToHost).type === "ready";
      link.receive(message);
      if (!comesUp) return;
      isUp = true;
      this.greet(link);
    };
  };

  async compile(options: PanelOptions = this.options): Promise<void> {
    this.options = options;
    this.generation += 1;
    const { generation } = this;
    this.client.setGeneration(generation);
    [this.stages, this.names, this.summary, this.failed] = [[], new StageNames(), undefined, undefined];
    this.machine ??= await this.client.request("machine", null);
    this.model ??= await this.client.request("open", { path: this.file });
    this.link?.post({ type: "generation", generation, options });
    const onEvent = ({ delta }: { delta: GraphDelta }): void => {
      this.stages.push(delta);
      this.names.add(delta);
      this.link?.post({ type: "stage", generation, delta });
    };
    const reply = await this.client.request("compile", { generation, options, hold: 0 }, { onEvent });
    this.dims = reply.dims.map((dim) => ({ ...dim, source: dim.name in options.dims ? ("set" as const) : ("default" as const) }));
    this.summary = reply.summary;
    this.link?.post({ type: "summary", generation, summary: reply.summary });
    if (reply.failed) this.link?.post({ type: "failed", generation, error: (this.failed = reply.failed) });
  }

  /** As `Comparison` of the extension does: another compiler, whose messages are those of the other side. */
  async compare(options: PanelOptions): Promise<void> {
    const id = ++this.comparisons;
    const other = new CompilerClient(() => this.threads.take(), silent);
    this.link?.post({ type: "compare", compare: { id, kind: "options", title: "what if", ownTitle: "now", options } });
    try {
      other.setGeneration(1);
      await other.request("open", { path: this.file });
      const onEvent = ({ delta }: { delta: GraphDelta }): void => this.link?.post({ type: "compare-stage", id, delta });
      const { summary, failed } = await other.request("compile", { generation: 1, options, hold: 0 }, { onEvent });
      this.link?.post({ type: "compare-summary", id, summary });
      if (failed) this.link?.post({ type: "compare-failed", id, error: failed });
    } finally {
      other.dispose();
    }
  }

  close(): void {
    this.link?.dispose();
    this.client.dispose();
    this.threads.dispose();
  }

  private greet(link: PageLink): void {
    const { machine, model, dims, options, generation, stages, summary, failed, file } = this;
    const document = {
      machine,
      model,
      dims,
      options,
      generation,
      stages,
      summary,
      failed,
      name: path.basename(file),
      uri: { scheme: "file", fsPath: file },
    };
    link.post({ type: "hello", hello: hello(document as unknown as Document, { trusted: true, state: undefined, strings: {} }) });
    if (generation > 0) for (const message of replay(document as unknown as Document)) link.post(message);
  }

  private context(signal: AbortSignal, progress: RequestContext["progress"]): RequestContext {
    const { client } = this;
    const generation = (): number => this.generation;
    const document = {
      get generation() {
        return generation();
      },
      graphAt: (stage: number) => this.names.at(stage),
      text: (kind: "ir" | "cpp" | "asm", stage: number) => client.request("text", { kind, stage }, { signal, onEvent: progress }),
      tensor: (arg: never) => client.request("tensor", arg, { signal }),
      tensorStats: (arg: never) => client.request("tensorStats", arg, { signal, onEvent: progress }),
      writeTensor: (arg: never) => client.request("writeTensor", arg, { signal, onEvent: progress }),
      loops: (nodes: readonly number[]) => client.request("loops", { nodes }, { signal }),
      nativeSource: (arg: { name: string } | { file: string }) => client.request("nativeSource", arg, { signal }),
      body: (where: string) => client.request("body", { path: where }, { signal }),
    };
    return {
      document: document as unknown as Document,
      signal,
      progress,
      bench: async (arg: Parameters<RequestContext["bench"]>[0]) => {
        const { result, missing, notes } = await client.request("bench", arg, { signal, onEvent: progress });
        return { ...result, missing, notes };
      },
      chooseFile: () => Promise.resolve(this.saveTo),
      changeOptions: ({ options }: { options: PanelOptions }) => void this.compile(options),
      compareOptions: (options: PanelOptions) => void this.compare(options),
      openText: () => Promise.resolve(),
      openHeader: () => Promise.resolve(),
      openDiff: () => Promise.resolve(),
      saveState: () => undefined,
    } as unknown as RequestContext;
  }
}

/** A folder for files of a test. */
export const scratchFolder = (): string => mkdtempSync(path.join(tmpdir(), "fusionscope-live-"));
