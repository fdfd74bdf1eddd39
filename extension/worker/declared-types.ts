/** Declared types that are not tensors of plain elements: a graph has no element type for them, but the file says what they are. */
import { typeText, type OnnxModel, type StringTable } from "#core";
import type { GraphDelta } from "#protocol";

/** `sequence of f32` and the like, by the name of the value. */
export function declaredTypes({ graph }: OnnxModel): ReadonlyMap<string, string> {
  const all = [...graph.inputs, ...graph.outputs, ...graph.valueInfos];
  return new Map(all.flatMap(({ name, type }) => (type === undefined || type.kind === "tensor" ? [] : [[name, typeText(type)] as const])));
}

/** Rewrites the element types of such values in deltas that are made with the table. Call it before the first delta is. */
export function withDeclaredTypes(types: ReadonlyMap<string, string>, strings: StringTable): (delta: GraphDelta) => GraphDelta {
  const byName = new Map([...types].map(([name, text]) => [strings.index(name), strings.index(text)]));
  return (delta) => {
    if (byName.size === 0) return delta;
    const dtype = delta.values.dtype.map((index, i) => byName.get(delta.values.name[i] ?? -1) ?? index);
    return { ...delta, values: { ...delta.values, dtype } };
  };
}
