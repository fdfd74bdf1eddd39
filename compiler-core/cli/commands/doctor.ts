/** `fusionscope doctor`: what this machine offers, each with why not; with `--peaks` or `--calibrate`, how fast it is. */
import { asUserError, type MachineProfile, type TunedEntry } from "#core";
import {
  detectMachine,
  doctorItems,
  isaItems,
  keepCalibration,
  keptTuned,
  localMachine,
  missingPeaks,
  peakRows,
  RunnerClient,
  calibrate as calibrateMachine,
  referenceMachines,
  tunedFile,
  type Calibration,
  type DoctorItem,
  type MachineFacts,
  type Peak,
} from "#core/io";
import type { CommandContext, CommandRunner } from "../command.ts";
import { calibrationFacts, profileTables, referenceFacts, referenceTable } from "../text/machine-tables.ts";
import { alignColumns, printable, textTable } from "../text/align.ts";
import { bytesText, percentText } from "../text/units.ts";

export const doctor: CommandRunner = async (context) => {
  const facts = detectMachine();
  const { peaks: wanted, calibrate } = context.options;
  const native = await nativeItems(context, facts.profile, calibrate === true ? "calibrate" : wanted === true ? "peaks" : "nothing");
  const { calibrated } = native;
  const calibration = calibrated === undefined ? undefined : keepCalibration(calibrated.profile);
  const machine = calibrated?.profile ?? localMachine();
  const references = referenceMachines();
  const items = [...(await doctorItems()), ...native.items];
  const isas = isaItems(machine);
  const rows = native.peaks === undefined ? undefined : peakRows(native.peaks);
  const { cpus, siblings, virtual } = facts;
  const measured = {
    ...(rows === undefined ? {} : { peaks: rows, threads: native.peaks?.threads }),
    ...(calibrated === undefined ? {} : { calibration, calibrated: calibrationFacts(calibrated) }),
    references: references.map(referenceFacts),
  };
  const tuned = { file: tunedFile(machine), entries: keptTuned(machine) };
  const json = { machine, cpus, siblings: siblings ?? null, virtual, isas, items, tuned, ...measured };
  const text = [
    ...machineText(facts, machine),
    "",
    ...isaTable(isas),
    "",
    ...itemTable(items),
    "",
    ...referenceTable(references),
    ...(rows === undefined ? [] : ["", ...peakTable(rows)]),
    ...profileTables(machine, calibrated),
    ...tunedTable(tuned.entries),
  ];
  if (calibration !== undefined) text.push("", `kept as this machine's profile: ${calibration}`);
  return { json, text, error: native.failed };
};

/** What only the native runner knows: counters, ONNX Runtime, peaks. Its failure is a finding, unless peaks were asked for. */
async function nativeItems({ log, signal }: CommandContext, detected: MachineProfile, wanted: "nothing" | "peaks" | "calibrate") {
  const items: DoctorItem[] = [];
  const calibrateHere = (runner: RunnerClient, profile: MachineProfile): Promise<Calibration> =>
    calibrateMachine(runner, profile, { request: { signal }, onStep: (text) => log(`measuring ${text}`) });
  try {
    const runner = await RunnerClient.start();
    try {
      const hello = await runner.hello();
      items.push({ name: "native runner", ok: true, value: `protocol ${hello.protocol}` });
      items.push(
        hello.ort.valid
          ? { name: "ONNX Runtime", ok: true, value: hello.ort.version }
          : { name: "ONNX Runtime", ok: false, value: "", why: hello.ort.why },
      );
      for (const c of hello.counters)
        items.push({ name: `counter ${c.name}`, ok: c.valid, value: c.kind, ...(c.why === undefined ? {} : { why: c.why }) });
      if (wanted === "nothing") return { items };
      const calibrated = wanted === "calibrate" ? await calibrateHere(runner, detected) : undefined;
      if (calibrated === undefined) log("measuring peaks: about ten seconds");
      const peaks = calibrated?.peaks ?? (await runner.request("peaks", { threads: 1, seconds: 0.4 }, { signal }));
      for (const { name, why } of missingPeaks(peaks)) items.push({ name: `peak of ${name}`, ok: false, value: "", why });
      return { items, peaks, calibrated };
    } finally {
      await runner.close();
    }
  } catch (e) {
    const failed = asUserError(e);
    items.push({ name: "native runner", ok: false, value: "", why: `${failed.message}; ${failed.next}` });
    return { items, failed: wanted !== "nothing" || failed.exit === 70 ? failed : undefined };
  }
}

function machineText(facts: MachineFacts, machine: MachineProfile): string[] {
  const { l1d, l2, l3 } = machine.caches;
  const siblings = facts.siblings?.filter((s) => s.length > 1) ?? [];
  return alignColumns([
    ["CPU", `${printable(machine.name)}${facts.virtual ? " (virtual machine)" : ""}`],
    [
      "cores",
      `${machine.cores}, ${facts.cpus} CPUs usable${siblings.length > 0 ? `, ${siblings.length} cores with ${siblings[0]?.length ?? 0} threads` : ""}`,
    ],
    ["caches", `L1d ${bytesText(l1d)}, L2 ${bytesText(l2)}, L3 ${bytesText(l3)}`],
    ["features", machine.features.join(" ")],
    ["profile", machine.peaks === undefined ? "detected, peaks not measured (doctor --calibrate)" : "calibrated"],
  ]);
}

/** What `bench --tune` has kept for this machine; `--tuned` adds it to the profile. */
const tunedTable = (entries: readonly TunedEntry[]): string[] =>
  entries.length === 0
    ? []
    : [
        "",
        ...textTable<TunedEntry>(
          [
            { title: "tuned, used with --tuned", cell: (e) => printable(e.problem) },
            { title: "faster by", cell: (e) => e.gain?.median.toFixed(3) ?? "" },
            {
              title: "parameters",
              cell: (e) =>
                printable(
                  Object.entries(e.params)
                    .map(([k, v]) => `${k}=${v}`)
                    .join(" "),
                ),
            },
          ],
          entries,
        ),
      ];

const isaTable = (isas: ReturnType<typeof isaItems>): string[] =>
  textTable(
    [
      { title: "feature set", cell: (i: (typeof isas)[number]) => i.name },
      { title: "runs here", cell: (i) => (i.missing.length === 0 ? "yes" : `no: lacks ${i.missing.join(", ")}`) },
    ],
    isas,
  );

const itemTable = (items: readonly DoctorItem[]): string[] =>
  textTable<DoctorItem>(
    [
      { title: "item", cell: (i) => i.name },
      { title: "there", cell: (i) => (i.ok ? "yes" : "no") },
      { title: "found", cell: (i) => [i.value, i.why].filter((t) => t !== undefined && t !== "").join("; ") },
    ],
    items,
  );

const peakTable = (rows: readonly Peak[]): string[] =>
  textTable<Peak>(
    [
      { title: "peak, one thread", cell: (p) => p.name },
      { title: "measured", align: "right", cell: (p) => `${p.value.toFixed(p.value < 10 ? 2 : 1)} ${p.unit}` },
      {
        title: "per cycle",
        align: "right",
        cell: (p) => (p.expected === undefined ? "" : `of ${p.expected}: ${percentText(p.share ?? NaN)}`),
      },
      { title: "", cell: (p) => p.note ?? "" },
    ],
    rows,
  );
