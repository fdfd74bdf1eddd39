/** A graph that is one constant: all that pages of values look at. */
import type { DType, Graph } from "#core";

interface Data {
  readonly bytes?: Uint8Array;
  readonly strings?: readonly string[];
  readonly range?: { readonly file: string; readonly offset: number; readonly length: number };
}

export function constantGraph(dtype: DType, shape: readonly number[], data: Data): Graph {
  const never = (): Uint8Array => {
    throw new Error("the whole constant was read");
  };
  const bytes = data.range === undefined ? () => data.bytes ?? new Uint8Array(0) : never;
  const constant = { id: 0, dtype, shape, bytes, strings: () => data.strings ?? [], range: data.range };
  const value = { id: 0, name: "w", dtype, shape, shapeSource: "declared", layout: "plain", constant: 0 };
  return { name: "g", nodes: [], values: [value], inputs: [], outputs: [0], constants: { get: () => constant } } as unknown as Graph;
}

export const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
