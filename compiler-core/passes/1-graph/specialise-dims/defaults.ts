/** What a symbolic extent stands for, read off its name and its place, and the extents that are tried for it when none is given. */
import { dimNames } from "../../../graph/dims.ts";
import { valueOf, type Graph, type Value } from "../../../graph/ir.ts";
import { isFloat } from "../../../support/dtype.ts";

export type Role = "batch" | "sequence" | "past" | "total" | "image" | "other";

/** The first input that a name appears in. */
export interface DimPlace {
  readonly input: Value;
  readonly axis: number;
}

/** Where each symbolic extent of the graph's inputs first appears, in order. */
export function dimPlaces(graph: Graph): ReadonlyMap<string, DimPlace> {
  const places = new Map<string, DimPlace>();
  for (const id of graph.inputs) {
    const input = valueOf(graph, id);
    input.shape?.forEach((dim, axis) => {
      for (const name of dimNames(dim)) if (!places.has(name)) places.set(name, { input, axis });
    });
  }
  return places;
}

/** Names that exporters make up for extents that nobody named. */
const anonymous = /^(unk_|dim_?\d|d_?\d|s\d+$|none|dyn|unknown|\?)|dynamic_axes|\.\d+$/i;
/** The first that matches counts. */
const sayings: readonly (readonly [Role, RegExp])[] = [
  ["batch", /^batch|batch_?size|bsz/i],
  ["past", /past|cache/i],
  ["total", /total/i],
  ["sequence", /seq|len|time|token|step|frame|word|ctx|context/i],
  ["batch", /batch/i],
  ["image", /height|width|^[hw]$|img|image|rows|cols|resolution/i],
];

/** The role of a name; what says nothing is judged by its place: axis 0 is a batch, the inner axes of a picture are its sides. */
export function roleOf(name: string, { input, axis }: DimPlace): Role {
  if (!anonymous.test(name)) return sayings.find(([, pattern]) => pattern.test(name))?.[0] ?? "other";
  const shape = input.shape ?? [];
  const [rank, real] = [shape.length, isFloat(input.dtype)];
  if (axis === 0) return "batch";
  const last = shape[rank - 1];
  const channelsLast = typeof last === "number" && last <= 4;
  if (rank >= 4) return (channelsLast ? axis < rank - 1 : axis > 1) ? "image" : "other";
  return axis === 1 && (rank === 3 || (rank === 2 && !real)) ? "sequence" : "other";
}

/** Extents in the order in which they are tried: some models have tables that are too short for the first, or want whole multiples. */
const extents: Readonly<Partial<Record<Role, readonly number[]>>> = { sequence: [128, 8, 1], image: [224, 256, 64, 640] };

/** Complete assignments to try, the most sensible first: `given` always holds, a total is the sum of what is cached and what is new. */
export function candidates(
  places: ReadonlyMap<string, DimPlace>,
  given: Readonly<Record<string, number>>,
): readonly ReadonlyMap<string, number>[] {
  const roles = new Map([...places].map(([name, place]) => [name, roleOf(name, place)]));
  const free = [...roles].filter(([name]) => given[name] === undefined).map(([, role]) => role);
  const list = (role: Role, ...also: Role[]): readonly number[] =>
    [role, ...also].some((r) => free.includes(r)) ? extents[role]! : extents[role]!.slice(0, 1);
  return list("image").flatMap((image) =>
    list("sequence", "past", "total").map((sequence) => assignment(roles, given, { image, sequence, past: sequence })),
  );
}

function assignment(
  roles: ReadonlyMap<string, Role>,
  given: Readonly<Record<string, number>>,
  tried: Readonly<Partial<Record<Role, number>>>,
): ReadonlyMap<string, number> {
  const sizes = new Map([...roles].map(([name, role]) => [name, given[name] ?? tried[role] ?? 1]));
  const first = (role: Role): number => sizes.get([...roles].find(([, r]) => r === role)?.[0] ?? "") ?? 0;
  const total = first("past") + first("sequence");
  for (const [name, role] of roles) if (role === "total" && given[name] === undefined) sizes.set(name, total > 0 ? total : tried.sequence!);
  return sizes;
}
