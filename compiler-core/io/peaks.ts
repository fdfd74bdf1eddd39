/** The peaks of this machine, measured, beside what its vector units can do per cycle. */
import type { MachineProfile, PeakName } from "../machine.ts";
import type { PeakFigure, PeaksResult } from "../protocol/runner.ts";

export interface Peak {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Operations per cycle and core that hardware with two units of this width reaches. */
  readonly expected?: number;
  /** Reached share of `expected`. */
  readonly share?: number;
  readonly note?: string;
}

/** Operations per cycle and core of two full-width units: what the figures are checked against. Machines with narrower or single units stay below. */
const units: readonly {
  readonly key: "fmaF32" | "fmaF32Avx2" | "vnniInt8" | "vnniInt8Avx" | "bf16" | "f16" | "amxInt8" | "amxBf16";
  readonly name: string;
  readonly perCycle: number;
}[] = [
  { key: "fmaF32", name: "f32 FMA, 512-bit", perCycle: 64 },
  { key: "fmaF32Avx2", name: "f32 FMA, 256-bit", perCycle: 32 },
  { key: "vnniInt8", name: "int8 VNNI, 512-bit", perCycle: 256 },
  { key: "vnniInt8Avx", name: "int8 VNNI, 256-bit", perCycle: 128 },
  { key: "bf16", name: "bf16 dot product, 512-bit", perCycle: 128 },
  { key: "f16", name: "f16 FMA, 512-bit", perCycle: 128 },
  { key: "amxBf16", name: "bf16 tile", perCycle: 1024 },
  { key: "amxInt8", name: "int8 tile", perCycle: 2048 },
];

/** The runner's figures as rows. What could not be measured is left out: `missingPeaks` says why. */
export function peakRows(peaks: PeaksResult): Peak[] {
  const rows: Peak[] = peaks.ghz === undefined ? [] : [{ name: "frequency of a dependent-add chain", value: peaks.ghz, unit: "GHz" }];
  for (const { key, name, perCycle } of units) {
    const figure = peaks[key];
    if (figure?.valid !== true) continue;
    const share = figure.opsPerCycle / (perCycle * peaks.threads);
    rows.push({
      name,
      value: figure.gops,
      unit: "Gop/s",
      expected: perCycle * peaks.threads,
      share,
      ...noteOf(figure, share, perCycle, peaks.threads),
    });
  }
  rows.push({ name: "memory copy", value: peaks.copyGBs, unit: "GB/s" });
  for (const { bytes, gbs } of peaks.read) rows.push({ name: `read, ${bytes / 1024} KiB per thread`, value: gbs, unit: "GB/s" });
  return rows;
}

/** Every peak is held against operations per cycle times the frequency: more than this off is said. */
const tolerance = 0.1;

/** A peak of half the full width is what CPUs do that run 512-bit instructions on 256-bit units. */
function noteOf(figure: PeakFigure, share: number, perCycle: number, threads: number): { readonly note?: string } {
  if (!figure.valid) return {};
  const per = (figure.opsPerCycle / threads).toFixed(1);
  const off = `${per} per cycle and core, ${Math.abs(100 * (share - 1)).toFixed(0)} % ${share > 1 ? "above" : "below"} ${perCycle}`;
  if (share > 1 + tolerance) return { note: `${off}: the frequency seen is not that of the units` };
  if (share > 0.5 * (1 - tolerance) && share < 0.5 * (1 + tolerance))
    return { note: `${per} per cycle and core: units of half the width, or one of them` };
  if (share < 1 - tolerance) return { note: `${off}: the machine may be busy` };
  return { note: `${per} per cycle and core` };
}

/** Figures that were not measured, each with the reason. */
export function missingPeaks(peaks: PeaksResult): { readonly name: string; readonly why: string }[] {
  return units.flatMap(({ key, name }) => {
    const figure = peaks[key];
    return figure === undefined || figure.valid ? [] : [{ name, why: figure.why }];
  });
}

/** A profile with what one thread reached. */
export function withPeaks(profile: MachineProfile, peaks: PeaksResult): MachineProfile {
  const found: [PeakName, number | undefined][] = [
    ["f32GflopsPerCore", gops(peaks.fmaF32) ?? gops(peaks.fmaF32Avx2)],
    ["f32Avx2GflopsPerCore", gops(peaks.fmaF32Avx2)],
    ["vnniGopsPerCore", gops(peaks.vnniInt8) ?? gops(peaks.vnniInt8Avx)],
    ["bf16GflopsPerCore", gops(peaks.bf16)],
    ["f16GflopsPerCore", gops(peaks.f16)],
    ["amxInt8GopsPerCore", gops(peaks.amxInt8)],
    ["amxBf16GflopsPerCore", gops(peaks.amxBf16)],
    ["copyGBs", peaks.copyGBs],
    ["ghz", peaks.ghz],
  ];
  const perCore = found.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, name === "copyGBs" || name === "ghz" ? value : value / peaks.threads] as const],
  );
  return { ...profile, peaks: Object.fromEntries(perCore) };
}

const gops = (figure: PeakFigure | undefined): number | undefined => (figure?.valid === true ? figure.gops : undefined);
