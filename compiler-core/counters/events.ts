/**
 * What can be counted while code runs, for each family of processors: one table. Numbers of events are those of the makers' documents, as Linux
 * carries them in tools/perf/pmu-events. Rows without `families` are the kernel's own, which it translates for every processor it knows.
 */

export const cpuFamilies = ["intel-ice-lake-server", "intel-sapphire-rapids", "intel-client", "amd-zen4", "other"] as const;
export type CpuFamily = (typeof cpuFamilies)[number];

/** What CPUID says of a processor. */
export interface CpuIdentity {
  readonly vendor: string;
  readonly family: number;
  readonly model: number;
}

const models: readonly { readonly vendor: string; readonly family: number; readonly models: readonly number[]; readonly is: CpuFamily }[] =
  [
    { vendor: "GenuineIntel", family: 6, models: [0x6a, 0x6c], is: "intel-ice-lake-server" },
    // Sapphire Rapids and its successor Emerald Rapids.
    { vendor: "GenuineIntel", family: 6, models: [0x8f, 0xcf], is: "intel-sapphire-rapids" },
    // Ice Lake, Tiger Lake, Rocket Lake, Alder Lake, Raptor Lake.
    {
      vendor: "GenuineIntel",
      family: 6,
      models: [0x7d, 0x7e, 0x8c, 0x8d, 0xa7, 0x97, 0x9a, 0xbe, 0xb7, 0xba, 0xbf],
      is: "intel-client",
    },
    { vendor: "AuthenticAMD", family: 0x19, models: [...span(0x10, 0x1f), ...span(0x60, 0x7f), ...span(0xa0, 0xaf)], is: "amd-zen4" },
  ];

function span(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

export const familyOf = (cpu: CpuIdentity): CpuFamily =>
  models.find((m) => m.vendor === cpu.vendor && m.family === cpu.family && m.models.includes(cpu.model))?.is ?? "other";

export interface CounterEvent {
  readonly name: string;
  readonly what: string;
  readonly kind: "hardware" | "software" | "uncore";
  /** The kernel's numbers (`hardware`, `software`, `cache`), the core's own unit (`cpu`), or a unit of the socket. */
  readonly unit: string;
  /** As in the `config` of perf_event_attr. */
  readonly config: number;
  /** Events of a group are counted over the same time, so their ratios hold even when the groups take turns. */
  readonly group: "core" | "cache" | "float" | "wide" | "topdown" | "software" | "memory";
  /** Of one count; default 1. */
  readonly scale?: number;
  readonly families?: readonly CpuFamily[];
}

const cacheEvent = (cache: number, op: number, result: number): number => cache | (op << 8) | (result << 16);
/** Event and unit mask of Intel's core; of AMD's with the event's upper bits from bit 32 on. */
const intel = (event: number, mask: number): number => event | (mask << 8);
const amd = (event: number, mask: number): number => (event & 0xff) + mask * 256 + (event >> 8) * 2 ** 32;

const anyIntel: readonly CpuFamily[] = ["intel-ice-lake-server", "intel-sapphire-rapids", "intel-client"];
const wideIntel: readonly CpuFamily[] = ["intel-ice-lake-server", "intel-sapphire-rapids"];
const sapphire: readonly CpuFamily[] = ["intel-sapphire-rapids"];
const zen: readonly CpuFamily[] = ["amd-zen4"];

const hardware = { kind: "hardware", unit: "hardware" } as const;
const cache = { kind: "hardware", unit: "cache", group: "cache" } as const;
const core = { kind: "hardware", unit: "cpu" } as const;
const software = { kind: "software", unit: "software", group: "software" } as const;
const memory = { kind: "uncore", group: "memory", scale: 64 } as const;

export const counterEvents: readonly CounterEvent[] = [
  { ...hardware, group: "core", name: "cycles", what: "cycles of the core while the code ran", config: 0 },
  { ...hardware, group: "core", name: "instructions", what: "instructions retired", config: 1 },
  { ...hardware, group: "core", name: "branches", what: "branches retired", config: 4 },
  { ...hardware, group: "core", name: "branch-misses", what: "branches predicted wrongly", config: 5 },
  { ...cache, name: "l1d-load-misses", what: "loads that missed the first data cache", config: cacheEvent(0, 0, 1) },
  {
    ...core,
    group: "cache",
    name: "l2-misses",
    what: "requests that missed the second cache (L2_RQSTS.MISS)",
    config: intel(0x24, 0x3f),
    families: anyIntel,
  },
  {
    ...core,
    group: "cache",
    name: "l2-misses",
    what: "requests of the data side that missed the second cache (l2_cache_req_stat)",
    config: amd(0x64, 0x08),
    families: zen,
  },
  {
    ...hardware,
    group: "cache",
    name: "llc-misses",
    what: "misses of the last cache, as the kernel defines it for the processor",
    config: 3,
  },
  { ...cache, name: "dtlb-load-misses", what: "loads whose page was in no first table", config: cacheEvent(3, 0, 1) },
  {
    ...core,
    group: "float",
    name: "fp-scalar-single",
    what: "scalar f32 operations (FP_ARITH; FMA counts 2)",
    config: intel(0xc7, 0x02),
    families: anyIntel,
  },
  {
    ...core,
    group: "float",
    name: "fp-128b-single",
    what: "f32 operations of 128 bits (FP_ARITH; times 4 elements)",
    config: intel(0xc7, 0x08),
    families: anyIntel,
  },
  {
    ...core,
    group: "float",
    name: "fp-256b-single",
    what: "f32 operations of 256 bits (FP_ARITH; times 8 elements)",
    config: intel(0xc7, 0x20),
    families: anyIntel,
  },
  {
    ...core,
    group: "float",
    name: "fp-512b-single",
    what: "f32 operations of 512 bits (FP_ARITH; times 16 elements)",
    config: intel(0xc7, 0x80),
    families: wideIntel,
  },
  {
    ...core,
    group: "wide",
    name: "fp-512b-half",
    what: "f16 operations of 512 bits (FP_ARITH2; times 32 elements)",
    config: intel(0xcf, 0x10),
    families: sapphire,
  },
  {
    ...core,
    group: "wide",
    name: "amx-busy-cycles",
    what: "cycles in which the tile unit was busy (EXE.AMX_BUSY)",
    config: intel(0xb7, 0x02),
    families: sapphire,
  },
  {
    ...core,
    group: "wide",
    name: "amx-int8-ops",
    what: "tile products of bytes retired (AMX_OPS_RETIRED.INT8)",
    config: intel(0xce, 0x01),
    families: sapphire,
  },
  {
    ...core,
    group: "wide",
    name: "amx-bf16-ops",
    what: "tile products of bf16 retired (AMX_OPS_RETIRED.BF16)",
    config: intel(0xce, 0x02),
    families: sapphire,
  },
  {
    ...core,
    group: "float",
    name: "fp-flops",
    what: "floating-point operations retired, FMA counts 2 (fp_ret_sse_avx_ops)",
    config: amd(0x03, 0x0f),
    families: zen,
  },
  {
    ...core,
    group: "float",
    name: "fp-128b-uops",
    what: "floating-point micro-operations of 128 bits (fp_ops_retired_by_width)",
    config: amd(0x08, 0x08),
    families: zen,
  },
  {
    ...core,
    group: "float",
    name: "fp-256b-uops",
    what: "floating-point micro-operations of 256 bits (fp_ops_retired_by_width)",
    config: amd(0x08, 0x10),
    families: zen,
  },
  {
    ...core,
    group: "float",
    name: "fp-512b-uops",
    what: "floating-point micro-operations of 512 bits (fp_ops_retired_by_width)",
    config: amd(0x08, 0x20),
    families: zen,
  },
  {
    ...core,
    group: "topdown",
    name: "topdown-slots",
    what: "slots of the pipeline; the following are parts of it",
    config: intel(0x00, 0x04),
    families: anyIntel,
  },
  {
    ...core,
    group: "topdown",
    name: "topdown-retiring",
    what: "slots whose operation retired",
    config: intel(0x00, 0x80),
    families: anyIntel,
  },
  {
    ...core,
    group: "topdown",
    name: "topdown-bad-speculation",
    what: "slots spent on wrong paths",
    config: intel(0x00, 0x81),
    families: anyIntel,
  },
  {
    ...core,
    group: "topdown",
    name: "topdown-frontend-bound",
    what: "slots that the front end left empty",
    config: intel(0x00, 0x82),
    families: anyIntel,
  },
  {
    ...core,
    group: "topdown",
    name: "topdown-backend-bound",
    what: "slots held up by units or memory",
    config: intel(0x00, 0x83),
    families: anyIntel,
  },
  {
    ...core,
    group: "topdown",
    name: "topdown-retiring",
    what: "operations retired; the slots are 6 per cycle (ex_ret_ops)",
    config: amd(0xc1, 0x00),
    families: zen,
  },
  {
    ...core,
    group: "topdown",
    name: "topdown-frontend-bound",
    what: "slots that the front end left empty (de_no_dispatch_per_slot)",
    config: amd(0x1a0, 0x01),
    families: zen,
  },
  {
    ...core,
    group: "topdown",
    name: "topdown-backend-bound",
    what: "slots held up by units or memory (de_no_dispatch_per_slot)",
    config: amd(0x1a0, 0x1e),
    families: zen,
  },
  {
    ...memory,
    name: "memory-read-bytes",
    what: "bytes read by the memory controllers of the sockets, whoever asked",
    unit: "uncore_imc",
    config: intel(0x04, 0x0f),
    families: ["intel-ice-lake-server"],
  },
  {
    ...memory,
    name: "memory-write-bytes",
    what: "bytes written by the memory controllers",
    unit: "uncore_imc",
    config: intel(0x04, 0x30),
    families: ["intel-ice-lake-server"],
  },
  {
    ...memory,
    name: "memory-read-bytes",
    what: "bytes read by the memory controllers of the sockets, whoever asked",
    unit: "uncore_imc",
    config: intel(0x05, 0xcf),
    families: sapphire,
  },
  {
    ...memory,
    name: "memory-write-bytes",
    what: "bytes written by the memory controllers",
    unit: "uncore_imc",
    config: intel(0x05, 0xf0),
    families: sapphire,
  },
  {
    ...memory,
    name: "memory-read-bytes",
    what: "bytes read by the memory controllers of the sockets, whoever asked (umc_cas_cmd.rd)",
    unit: "amd_umc",
    config: 0x10a,
    families: zen,
  },
  {
    ...memory,
    name: "memory-write-bytes",
    what: "bytes written by the memory controllers (umc_cas_cmd.wr)",
    unit: "amd_umc",
    config: 0x20a,
    families: zen,
  },
  { ...software, name: "task-clock", what: "nanoseconds on a CPU", config: 1 },
  { ...software, name: "page-faults", what: "page faults", config: 2 },
  { ...software, name: "context-switches", what: "times the thread was taken off its CPU", config: 3 },
  { ...software, name: "cpu-migrations", what: "times it went on on another CPU", config: 4 },
];

const groupNumbers: readonly CounterEvent["group"][] = ["core", "cache", "float", "wide", "topdown", "software", "memory"];
export const groupNumber = (group: CounterEvent["group"]): number => groupNumbers.indexOf(group);

/** What is known for a processor, group by group. */
export const eventsFor = (family: CpuFamily): readonly CounterEvent[] =>
  counterEvents
    .filter((e) => e.families === undefined || e.families.includes(family))
    .sort((a, b) => groupNumber(a.group) - groupNumber(b.group));
