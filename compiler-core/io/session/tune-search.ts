/**
 * Search for the fastest point of a space that is too large to be measured: the points that a model predicts to be good, random ones, and then the
 * neighbours of the best so far, generation after generation. Others may disturb a measurement, and only make it longer: the least one counts.
 */
import { spearman } from "../rank-correlation.ts";

/** A search space. `C`: a choice in it; many may lead to the same point. */
export interface SearchSpace<C> {
  /** Identity of the point that a choice leads to. */
  key(choice: C): string;
  /** Predicted time, ns. */
  predict(choice: C): number;
  random(random: () => number): C;
  neighbours(choice: C): readonly C[];
}

/** Choices of the first generation, and of a later one: children of the best, and newcomers. */
export interface SearchPace {
  readonly first: number;
  readonly children: number;
  readonly newcomers: number;
}

export interface SearchSettings<C> {
  /** Where it begins: what would be chosen without it, first. */
  readonly start: readonly C[];
  /** Time of each choice, ns, measured one after the other; Infinity: there was no time for it. */
  readonly measure: (choices: readonly C[]) => Promise<readonly number[]>;
  readonly seconds: number;
  /** It goes on until so many points are measured, as long as there is time. */
  readonly points: number;
  readonly random: () => number;
  /** Default: what a table of points is measured with. */
  readonly pace?: SearchPace | undefined;
  /** Seconds, monotonic. */
  readonly now: () => number;
  readonly onProgress?: (fraction: number, points: number, bestNs: number) => void;
}

export interface Explored<C> {
  readonly choice: C;
  readonly predictedNs: number;
  readonly ns: number;
  readonly times: number;
}

export interface SearchResult<C> {
  /** Best measured first. */
  readonly explored: readonly Explored<C>[];
  readonly measurements: number;
  readonly rankCorrelation: number | null;
}

const usualPace: SearchPace = { first: 120, children: 24, newcomers: 8 };
/** Parents of a generation. */
const elite = 8;
/** Generations without a gain after which it has found what it can. */
const patience = 4;
/** A gain that counts. */
const worthwhile = 0.995;

/** Searches until time is up, or until enough points are known and nothing better is found. */
export async function search<C>(space: SearchSpace<C>, settings: SearchSettings<C>): Promise<SearchResult<C>> {
  const known = new Map<string, { choice: C; predictedNs: number; ns: number; times: number }>();
  const begun = settings.now();
  const { first: firstGeneration, children: childrenPerGeneration, newcomers } = settings.pace ?? usualPace;
  const left = (share = 1): boolean => settings.now() - begun < share * settings.seconds;
  let measurements = 0;
  const tell = (): void => {
    const fraction = Math.min(1, Math.max((settings.now() - begun) / settings.seconds, 0));
    settings.onProgress?.(fraction, known.size, best()?.ns ?? NaN);
  };
  const ranked = () => [...known.values()].sort((a, b) => a.ns - b.ns);
  const best = () => [...known.values()].reduce<{ ns: number } | undefined>((a, b) => (a === undefined || b.ns < a.ns ? b : a), undefined);
  const measure = async (choices: readonly C[], times: number): Promise<void> => {
    for (let i = 0; i < times && choices.length > 0; i++) {
      const ns = await settings.measure(choices);
      choices.forEach((choice, j) => {
        if (!Number.isFinite(ns[j])) return;
        measurements++;
        const key = space.key(choice);
        const entry = known.get(key) ?? { choice, predictedNs: space.predict(choice), ns: Infinity, times: 0 };
        entry.ns = Math.min(entry.ns, ns[j] ?? Infinity);
        entry.times++;
        known.set(key, entry);
      });
      tell();
    }
  };
  const unseen = (choices: readonly C[], most: number): C[] => fresh(choices, most, known, space);
  /** Of a few random ones, the one that the model thinks best. */
  const drawn = (of: number): C =>
    Array.from({ length: of }, () => space.random(settings.random)).reduce((a, b) => (space.predict(b) < space.predict(a) ? b : a));
  await measure(unseen(settings.start, Infinity), 2);
  await measure(
    unseen(
      Array.from({ length: 2 * firstGeneration }, (_, i) => drawn(i % 3 === 0 ? 1 : 8)),
      firstGeneration,
    ),
    1,
  );
  for (let idle = 0; left(searchShare) && (known.size < settings.points || idle < patience);) {
    const before = best()?.ns ?? Infinity;
    const parents = ranked().slice(0, elite);
    await measure(
      parents.map((p) => p.choice),
      1,
    );
    const children = shuffled(
      parents.flatMap((p) => space.neighbours(p.choice)),
      settings.random,
    );
    const strangers = Array.from({ length: 4 * newcomers }, (_, i) => drawn(1 + (i % 4)));
    const generation = [...unseen(children, childrenPerGeneration), ...unseen(strangers, newcomers)];
    if (generation.length === 0) break;
    await measure(generation, 1);
    idle = (best()?.ns ?? Infinity) < worthwhile * before ? 0 : idle + 1;
  }
  for (const [count, times] of halving) {
    const round = ranked()
      .slice(0, count)
      .map((r) => r.choice);
    for (let i = 0; i < times && (left() || i === 0); i++) await measure(withFirst(round, settings.start, space), 1);
  }
  const explored = ranked();
  return {
    explored,
    measurements,
    rankCorrelation:
      explored.length < 10
        ? null
        : spearman(
            explored.map((e) => e.predictedNs),
            explored.map((e) => e.ns),
          ),
  };
}

/** Choices that lead to points that nobody has measured yet, each point once. */
function fresh<C>(choices: readonly C[], most: number, known: ReadonlyMap<string, unknown>, space: SearchSpace<C>): C[] {
  const found = new Map<string, C>();
  for (const c of choices) {
    const key = space.key(c);
    if (found.size < most && !known.has(key) && !found.has(key)) found.set(key, c);
  }
  return [...found.values()];
}

/** Of the time: the rest is for measuring the best again. */
const searchShare = 0.75;
/** The best so many, so many times more: fewer and fewer, better and better. */
const halving = [
  [24, 2],
  [8, 4],
  [4, 8],
] as const;

/** The round with the first of the start, which everything is held against. */
function withFirst<C>(round: readonly C[], start: readonly C[], space: SearchSpace<C>): readonly C[] {
  const [first] = start;
  return first === undefined || round.some((c) => space.key(c) === space.key(first)) ? round : [first, ...round];
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
