/** What follows from counters: rates and shares, each valid only where all that it needs is. */

/** As in the protocol: a value, or why there is none. */
export interface Counted {
  readonly value: number | null;
  readonly valid: boolean;
  readonly why?: string;
  readonly scale?: number;
}

interface Derived {
  readonly name: string;
  readonly what: string;
  readonly needs: readonly string[];
  readonly of: (values: readonly number[]) => number;
}

export const derivedCounters: readonly Derived[] = [
  { name: "frequency-ghz", what: "cycles by time on a CPU", needs: ["cycles", "task-clock"], of: ([cycles = 0, ns = 0]) => cycles / ns },
  { name: "instructions-per-cycle", what: "", needs: ["instructions", "cycles"], of: ([n = 0, cycles = 0]) => n / cycles },
  {
    name: "amx-busy-share",
    what: "of the cycles, those with a busy tile unit",
    needs: ["amx-busy-cycles", "cycles"],
    of: ([busy = 0, cycles = 0]) => busy / cycles,
  },
];

/** The counters with what follows from them. What lacks an operand says which, and that operand's reason. */
export function withDerived(counters: Readonly<Record<string, Counted>>): Record<string, Counted> {
  const made = derivedCounters.flatMap(({ name, needs, of }): [string, Counted][] => {
    if (needs.some((n) => counters[n] === undefined)) return [];
    const lacking = needs.find((n) => counters[n]?.valid !== true);
    if (lacking !== undefined)
      return [[name, { value: null, valid: false, why: `${lacking}: ${counters[lacking]?.why ?? "not counted"}` }]];
    const value = of(needs.map((n) => counters[n]?.value ?? NaN));
    return [[name, Number.isFinite(value) ? { value, valid: true } : { value: null, valid: false, why: "nothing was counted" }]];
  });
  return { ...counters, ...Object.fromEntries(made) };
}

/** f32 operations that the counters saw (an FMA is counted twice by FP_ARITH already, per element here); undefined where they did not. */
export function countedFlops(counters: Readonly<Record<string, Counted>>): number | undefined {
  const widths: readonly (readonly [string, number])[] = [
    ["fp-scalar-single", 1],
    ["fp-128b-single", 4],
    ["fp-256b-single", 8],
    ["fp-512b-single", 16],
  ];
  const whole = counters["fp-flops"];
  if (whole?.valid === true && whole.value !== null) return whole.value;
  const there = widths.filter(([name]) => counters[name] !== undefined);
  if (there.length === 0 || there.some(([name]) => counters[name]?.valid !== true)) return undefined;
  return there.reduce((sum, [name, elements]) => sum + (counters[name]?.value ?? 0) * elements, 0);
}

/** Bytes that went to and from memory, by the controllers' counters; undefined where they were not read. */
export function countedBytes(counters: Readonly<Record<string, Counted>>): number | undefined {
  const [read, written] = [counters["memory-read-bytes"], counters["memory-write-bytes"]];
  return read?.valid === true && written?.valid === true ? (read.value ?? 0) + (written.value ?? 0) : undefined;
}
