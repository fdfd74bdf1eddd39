/** The options of a compilation: part of what determines the generated code, byte for byte. */

export interface CompileOptions {
  /** `auto`, or the feature set to generate for: a key of `isaSets` in machine.ts. */
  readonly isa: string;
  readonly threads: number;
  /** Arithmetic of f32 models: `f32` means f32 products. */
  readonly precision: "f32" | "bf16";
  /** Values of symbolic dimensions, by name. */
  readonly dims: Readonly<Record<string, number>>;
  /** Names of optional passes that are switched off. */
  readonly without: readonly string[];
  /** Stop after this pass. */
  readonly onlyUntil?: string;
  /** Pairs of node references that must, or must not, share a fusion group. */
  readonly force: readonly (readonly [string, string])[];
  readonly forbid: readonly (readonly [string, string])[];
}

export const defaultOptions: CompileOptions = {
  isa: "auto",
  threads: 1,
  precision: "f32",
  dims: {},
  without: [],
  force: [],
  forbid: [],
};
