/** The other compilation of a comparison, and which of its nodes is which of ours. */
import type { CompareHello, GraphDelta } from "#protocol";
import type { App } from "../app.ts";
import { Trace, type Snapshot } from "../model/trace.ts";
import { differenceOf, type Difference } from "./difference.ts";
import { matchByLineage, matchByStructure, sourceMapOf, type SourceMap } from "./match.ts";

export class OtherSide {
  readonly trace = new Trace();
  private sources: { readonly of: readonly unknown[]; readonly map: SourceMap } | undefined;
  private readonly known = new Map<string, Difference>();
  private knownFor: readonly unknown[] = [];

  constructor(readonly hello: CompareHello) {}

  add(delta: GraphDelta): void {
    this.trace.add(delta);
    this.known.clear();
  }

  /** What sets the graph of our stage apart from that of theirs; undefined until both have one. */
  difference(app: App, stage: number, otherStage: number): Difference | undefined {
    const [a, b] = [app.trace.graphStage(stage), this.trace.graphStage(otherStage)];
    if (a < 0 || b < 0) return undefined;
    // Another compilation of ours makes all of it void.
    if (this.knownFor[0] !== app.trace || this.knownFor[1] !== app.trace.graphStages.length) this.known.clear();
    this.knownFor = [app.trace, app.trace.graphStages.length];
    const key = `${a} ${b}`;
    const before = this.known.get(key);
    if (before) return before;
    const [here, there] = [app.trace.snapshot(a), this.trace.snapshot(b)];
    const made = differenceOf(here, there, matchByLineage(here, there, this.sourceMap(app)));
    this.known.set(key, made);
    return made;
  }

  /** Two compilations of one file know their ONNX nodes by index. */
  private sourceMap(app: App): SourceMap {
    if (this.hello.kind === "options") return (source) => source;
    const first = (trace: Trace): Snapshot => trace.snapshot(trace.graphStages[0] ?? 0);
    const [a, b] = [first(app.trace), first(this.trace)];
    if (this.sources?.of[0] !== a.nodes || this.sources.of[1] !== b.nodes) {
      this.sources = { of: [a.nodes, b.nodes], map: sourceMapOf(matchByStructure(a, b), a, b) };
    }
    return this.sources.map;
  }
}
