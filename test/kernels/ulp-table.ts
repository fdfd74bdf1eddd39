/** The errors of the vector functions as native/math/math_test prints them, and where the measured ones are kept: test/kernels/ulp.json. */
import fs from "node:fs";
import path from "node:path";
import { packageRoot } from "#core/io";

export interface UlpRow {
  readonly simd: string;
  readonly name: string;
  /** First and last argument, as C prints them. */
  readonly from: string;
  readonly to: string;
  /** Whose last place is the unit. */
  readonly unit: "result" | "argument";
  /** Asserted bound, largest error that was found, and where. */
  readonly bound: number;
  readonly worst: number;
  readonly at: string;
  /** Every so many-th of the 2^32 floats was tried; 1: all. */
  readonly stride: number;
}

const file = (): string => path.join(packageRoot(), "test/kernels/ulp.json");

export const readUlpTable = (): readonly UlpRow[] => JSON.parse(fs.readFileSync(file(), "utf8")) as readonly UlpRow[];
/** A row a line. */
export const writeUlpTable = (rows: readonly UlpRow[]): void =>
  fs.writeFileSync(file(), `[\n${rows.map((r) => `  ${JSON.stringify(r)}`).join(",\n")}\n]\n`);

/** The rows that a run of math_test printed. */
export const parseUlpRows = (output: string): readonly UlpRow[] =>
  output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as UlpRow);
