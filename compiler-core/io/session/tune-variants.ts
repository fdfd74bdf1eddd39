/** Points that are the compiler's own code: built several together, a few of them loaded at a time, timed one after the other. */
import os from "node:os";
import type { CppSource } from "../../codegen/index.ts";
import type { ParamSpace } from "../../passes/2-lower/params/index.ts";
import { paramsKey } from "../../passes/2-lower/params/index.ts";
import type { Params } from "../../passes/2-lower/gemm-problem.ts";
import { inParallel } from "../module-units.ts";
import { buildTogether, type VariantCode } from "./build-together.ts";
import { NativeHost } from "./native-host.ts";
import type { Measurer, MeasureSettings } from "./tune-measure.ts";
import { TunedPart, type PartSubject } from "./tune-part.ts";

/** Points in one translation unit: more, and a budget would wait too long for the first. */
const together = 8;
/** Variants that are loaded at a time: each has threads, and constants packed for itself. */
const mostLoaded = 16;
/** Of each measurement, seconds. */
const run = { least: 0.01, most: 0.05, runs: 5 };

type Candidate = Awaited<ReturnType<TunedPart["candidate"]>>;

/** What measures a space whose points are nests of several parts, or why nothing can. Throws the errors of building and loading. */
export async function measureVariants(
  space: ParamSpace,
  subject: PartSubject,
  settings: MeasureSettings,
): Promise<Measurer | { readonly why: string }> {
  const { budget } = settings;
  if (!budget.allows("part")) return { why: `the budget leaves ${budget.left().toFixed(1)} s, too little to build a point` };
  const part = await TunedPart.open(subject, settings);
  const host = await NativeHost.start(settings);
  const variants = new Variants(space, part, host, settings, performance.now() + 1000 * settings.seconds);
  return {
    isMeasurable: () => true,
    measure: (points) => variants.measure(points),
    // Generations of whole units, on every core.
    pace: { first: 48, children: 24, newcomers: 8 },
    close: async () => {
      await host.close();
      part.close();
    },
  };
}

class Variants {
  /** By code, because points may lead to the same; undefined: cut out of its model, it is computed in another way. */
  private readonly built = new Map<string, VariantCode>();
  private readonly codes = new Map<string, CppSource | undefined>();
  /** The least recently used one first. */
  private readonly loaded = new Map<string, Candidate>();

  /** @param end when nothing more is begun, as `performance.now` counts */
  constructor(
    private readonly space: ParamSpace,
    private readonly part: TunedPart,
    private readonly host: NativeHost,
    private readonly settings: MeasureSettings,
    private readonly end: number,
  ) {}

  async measure(points: readonly Params[]): Promise<readonly number[]> {
    await this.build(points);
    const times: number[] = [];
    for (const point of points) times.push(await this.time(point));
    return times;
  }

  private codeOf(point: Params): CppSource | undefined {
    const key = paramsKey(point);
    if (!this.codes.has(key)) this.codes.set(key, performance.now() > this.end ? undefined : this.part.codeOf(point));
    return this.codes.get(key);
  }

  /** Units of about equal size, at least one for each core. */
  private async build(points: readonly Params[]): Promise<void> {
    const { budget } = this.settings;
    const sources = points.map((point) => this.codeOf(point)).filter((code) => code !== undefined);
    const fresh = [...new Map(sources.map((code) => [code.text, code])).values()].filter(({ text }) => !this.built.has(text));
    const cores = os.availableParallelism();
    const size = Math.min(together, Math.max(1, Math.ceil(fresh.length / cores)));
    const units = Array.from({ length: Math.ceil(fresh.length / size) }, (_, i) => fresh.slice(i * size, (i + 1) * size));
    await inParallel(units, cores, async (unit) => {
      if (performance.now() > this.end || !budget.allows("unit")) return;
      const made = await budget.timed("unit", () => buildTogether(unit, this.settings));
      unit.forEach(({ text }, i) => this.built.set(text, made[i]!));
    });
  }

  private async time(point: Params): Promise<number> {
    const candidate = performance.now() > this.end ? undefined : await this.load(point);
    if (candidate === undefined) return Infinity;
    const [timed] = await this.part.inTurns(this.host, [candidate], run);
    return Math.min(...(timed?.ns.flat() ?? [Infinity]));
  }

  private async load(point: Params): Promise<Candidate | undefined> {
    const text = this.codeOf(point)?.text;
    const code = text === undefined ? undefined : this.built.get(text);
    if (text === undefined || code === undefined) return undefined;
    const candidate = this.loaded.get(text) ?? (await this.part.candidate(this.host, code, this.space.textOf(point)));
    this.loaded.delete(text);
    this.loaded.set(text, candidate);
    for (const [old, { target }] of this.loaded) {
      if (this.loaded.size <= mostLoaded) break;
      this.loaded.delete(old);
      await this.host.unload({ target });
    }
    return candidate;
  }
}
