/** `fusionscope ops`: the ONNX operators that are imported, and the operators of the Graph IR they become. */
import { opNames, opOf, type OpName } from "#core";

export interface OpRow {
  readonly name: OpName;
  readonly what: string;
  readonly traits: readonly string[];
  readonly arity: readonly [number, number];
  readonly outputs: readonly [number, number];
  /** There is a reference evaluation. */
  readonly evaluated: boolean;
}

/** A number of operands beyond this stands for "any". */
const many = 64;

export const opRows: readonly OpRow[] = opNames.map((name) => {
  const { what, traits, arity, outputs, eval: evaluate } = opOf(name);
  return { name, what, traits, arity, outputs, evaluated: evaluate !== undefined };
});

/** `2`, `1-3`, `1+`. */
export function rangeText([least, most]: readonly [number, number]): string {
  if (most > many) return `${least}+`;
  return least === most ? String(least) : `${least}-${most}`;
}
