/** Schemas of hot lines and of estimates of loops. */
import { flag, list, number, orNull, record, text, whole, type Schema } from "./build.ts";

export const hotSpots = record({
  samples: whole,
  outside: whole,
  unmapped: whole,
  runs: whole,
  seconds: number,
  hz: number,
  clock: text,
  skid: text,
  lines: list(record({ line: whole, text, samples: whole, share: number, nodes: list(text) }, { group: whole })),
  instructions: list(record({ address: whole, text, symbol: text, line: orNull(whole), exact: flag, samples: whole, share: number })),
});

const loop = record(
  { symbol: text, line: orNull(whole), from: whole, to: whole, instructions: whole },
  {
    group: whole,
    cycles: number,
    flops: number,
    flopsPerCycle: number,
    bottleneck: text,
    ports: list(record({ name: text, pressure: number })),
    share: number,
    refused: text,
  },
);

export const estimate: Schema = {
  anyOf: [
    record({ valid: { const: true }, tool: text, model: text, modelIs: text, loops: list(loop) }),
    record({ valid: { const: false }, why: text }),
  ],
};
