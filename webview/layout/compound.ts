/**
 * The page's own layout: graphs with nested frames, each frame laid out alone. Frames with the same content are laid out once. Iterative
 * throughout; the same result for the same input.
 */
import { composed } from "./compose.ts";
import { placeLevel, type LevelInput, type LevelPlacement } from "./level.ts";
import { frameRoom, levelInput, splitLevels, type Level } from "./split.ts";
import type { LayoutInput, Placement } from "./types.ts";

/** Placements of frames by what is in them. */
export class FrameCache {
  private readonly known = new Map<string, LevelPlacement>();
  /** How many levels had to be laid out. */
  made = 0;

  get(key: string): LevelPlacement | undefined {
    const found = this.known.get(key);
    if (!found) return undefined;
    this.known.delete(key);
    this.known.set(key, found);
    return found;
  }

  set(key: string, placement: LevelPlacement): void {
    this.known.set(key, placement);
    const oldest = this.known.keys().next().value;
    if (this.known.size > mostFrames && oldest !== undefined) this.known.delete(oldest);
  }
}

/** Frames remembered by a worker; bigger levels are not worth the memory of their keys. */
const mostFrames = 2000;
const biggestKept = 1500;

/** Lays a graph out. Yields between sweeps, so that the caller can give it up. */
export function* layoutSteps(input: LayoutInput, cache: FrameCache): Generator<void, Placement> {
  const levels = splitLevels(input);
  const placed = new Map<Level, LevelPlacement>();
  // Innermost frames first: the size of a frame, and where its ports are, follow from what is in it.
  for (let f = levels.length - 1; f >= 0; f -= 1) {
    const level = levels[f] as Level;
    const made = levelInput(input, level, levels);
    const key = level.frame < 0 || made.count > biggestKept ? undefined : keyOf(made);
    let placement = key === undefined ? undefined : cache.get(key);
    if (!placement) {
      placement = yield* placeLevel(made);
      cache.made += 1;
      if (key !== undefined) cache.set(key, placement);
    }
    placed.set(level, placement);
    if (level.frame >= 0) frameRoom(input, level, placement);
  }
  return composed(input, levels, placed);
}

/** Runs to the end at once. */
export function layout(input: LayoutInput, cache = new FrameCache()): Placement {
  const steps = layoutSteps(input, cache);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** All that the placement of a level depends on, as text. */
function keyOf({ before, after, length, exit, pin, from, to, value, fromAt, toAt, firstGap, lastGap }: LevelInput): string {
  const numbers = new Map<number, number>();
  const values = Array.from(value, (id) => {
    const known = numbers.get(id) ?? numbers.size;
    numbers.set(id, known);
    return known;
  });
  return [before, after, length, exit, pin, from, to, values, fromAt, toAt, [firstGap, lastGap]].map((column) => column.join()).join(";");
}
