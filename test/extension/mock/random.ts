// Random values from a seed.

export interface Random {
  /** From 0 to below `end`. */
  whole(end: number): number;
  chance(share: number): boolean;
  of<T>(choices: readonly T[]): T;
}

/** The same values for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (end: number): number => Math.floor(next() * end);
  return { whole, chance: (share) => next() < share, of: (choices) => choices[whole(choices.length)] as never };
}

const words = [
  "type",
  "id",
  "name",
  "arg",
  "stage",
  "nodes",
  "__proto__",
  "constructor",
  "ready",
  "<img src=x onerror=alert(1)>",
  "",
  "\u202e",
];

/** Any value that a message can hold, of at most that depth. */
export function randomValue(random: Random, depth: number): unknown {
  const plain = [
    null,
    undefined,
    true,
    NaN,
    -1,
    0,
    2 ** 53,
    1e300,
    random.whole(100),
    random.of(words),
    new Int32Array([1, -5]),
    new Float64Array(2),
    "x".repeat(random.whole(2000)),
  ];
  if (depth === 0 || random.chance(0.4)) return random.of(plain);
  const items = Array.from({ length: random.whole(5) }, () => randomValue(random, depth - 1));
  return random.chance(0.5) ? items : Object.fromEntries(items.map((item) => [random.of(words), item]));
}
