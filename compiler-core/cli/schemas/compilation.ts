/** Schemas of what says how a model was compiled. */
import { estimate } from "./hot-spots.ts";
import { byName, count, flag, list, number, oneOf, orNull, pair, record, text, whole, type Schema } from "./build.ts";
import type { Members } from "./index.ts";

export const errorInfo: Schema = record({ code: text, message: text, next: text, exit: whole });

const hit = record({ rule: text, before: list(whole), after: list(whole) }, { note: text });

export const passInfo: Readonly<Record<string, Schema>> = {
  index: whole,
  name: text,
  level: oneOf("import", "graph", "lower", "tensor", "code"),
  why: text,
  optional: flag,
};

const passEvent = record(
  { ...passInfo, status: oneOf("changed", "same", "skipped", "failed"), ms: number, opsBefore: count, opsAfter: count, hits: list(hit) },
  { reason: text },
);

const fact = record({ name: text, value: { anyOf: [number, text] } }, { unit: text });

export const verdict: Schema = record(
  {
    subject: oneOf("fusion", "layout", "template", "kernel", "buffer", "schedule", "partition"),
    accepted: flag,
    rule: text,
    because: text,
    facts: list(fact),
    nodes: list(whole),
  },
  { value: whole, group: whole, behind: whole, alternatives: list(record({ choice: text, cost: number, unit: text })) },
);

const group = record({
  id: whole,
  name: text,
  template: text,
  leader: whole,
  phase: oneOf("run", "init"),
  members: list(record({ node: whole, anchor: text })),
  params: byName({ anyOf: [number, text] }),
  onnxNodes: list(text),
});

const partition = record({
  id: whole,
  kind: oneOf("native", "hole"),
  groups: list(whole),
  ops: list(text),
  onnxNodes: list(text),
  kernels: list(text),
});

const hole = record({ id: whole, group: whole, nodes: list(record({ node: text, opType: text, domain: text, reason: text })) });

/** How much is compiled. */
export const coverage: Schema = record({
  nodes: whole,
  compiledNodes: whole,
  holeNodes: whole,
  otherNodes: whole,
  flops: number,
  compiledFlops: number,
  holeNodesWithoutFlops: whole,
});

/** What identifies a compilation: the same three give the same code. */
export const identity: Readonly<Record<string, Schema>> = {
  model: text,
  isa: text,
  threads: whole,
  precision: text,
  dims: byName(whole),
};

export const unsupported: Schema = list(record({ node: text, opType: text, reason: text }));

const pairOutcome = record({ kind: oneOf("force", "forbid"), pair: pair(text), done: flag, because: text });

const buffer = record(
  {
    id: whole,
    name: text,
    scope: text,
    dtype: text,
    shape: list(whole),
    bytes: count,
    offset: whole,
    firstStep: whole,
    lastStep: whole,
    groups: list(whole),
    reuses: list(whole),
  },
  { value: whole },
);

const kernel = record({ group: whole, name: text, irLines: pair(whole), cppLines: pair(whole) });

const fusionGroup = record(
  {
    group: whole,
    kind: text,
    anchors: list(text),
    onnxNodes: list(text),
    nests: list(record({ group: whole, name: text, template: text, nodes: list(whole) })),
    mergedBy: list(text),
    flops: number,
    savedBytes: count,
    readBytes: count,
    writtenBytes: count,
    footprint: record({ bytes: count, scratch: count, blocks: count, level: oneOf("L1", "L2", "L3", "memory") }),
    refused: list(record({ verdict: whole, bytes: count, apartNs: number, togetherNs: orNull(number) }, { into: whole, why: text })),
  },
  {
    cost: record({
      ns: number,
      computeNs: number,
      memoryNs: number,
      recomputeNs: number,
      launchNs: number,
      pieces: whole,
      threads: whole,
      parallelism: number,
    }),
  },
);

const memoryPlan = record({
  steps: list(record({ name: text, aliveBytes: count }, { group: whole })),
  lowerBoundBytes: count,
  peakStep: whole,
  culprits: list(whole),
  scratchBytes: count,
  firstRunOnly: list(whole),
});

export const compileMembers: Members = {
  required: {
    ...identity,
    passes: list(passEvent),
    partitions: list(partition),
    holes: list(hole),
    coverage,
    groups: list(group),
    verdicts: list(verdict),
    unsupported,
    arenaBytes: count,
    arenaBytesWithoutReuse: count,
    constantBytes: count,
    packedBytes: count,
    releasedBytes: count,
    flops: number,
    bytes: number,
    buildMs: number,
    cached: flag,
    built: flag,
  },
  optional: {
    pairs: list(pairOutcome),
    estimate,
    buffers: list(buffer),
    kernels: list(kernel),
    fusion: list(fusionGroup),
    memory: memoryPlan,
    sourceHash: text,
    sharedObject: text,
    emitted: list(text),
    exported: record({ folder: text, files: list(text), weightBytes: whole }),
    error: errorInfo,
    notBuilt: text,
  },
};

const lineageStep = record(
  { stage: whole, pass: text, level: text, nodes: list(record({ id: whole, op: text, name: text })) },
  { rule: text },
);

const introduction = record(
  { node: whole, op: text, stage: whole, pass: text, from: list(record({ id: whole, op: text })) },
  { rule: text, note: text },
);

export const explainMembers: Members = {
  required: {
    ...identity,
    node: record({ path: text, opType: text, domain: text, name: text }),
    lineage: list(lineageStep),
    introduced: list(introduction),
    lines: record({ ir: list(whole), cpp: list(whole) }),
    groups: list(record({ id: whole, name: text, template: text })),
    code: list(record({ group: whole, kernel: text, irLines: list(whole), cppLines: list(whole) })),
    verdicts: list(verdict),
    estimates: list(fusionGroup),
  },
  optional: { estimate },
};
