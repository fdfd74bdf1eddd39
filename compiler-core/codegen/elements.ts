/** Elements in memory as C++ text: how they are read and written, and how their bits are had, for types whose memory is not their value. */
import { bug } from "../messages.ts";
import { dtypeBits, isPacked, isSmallFloat, type DType } from "../support/dtype.ts";
import { memoryType, valueType } from "./literals.ts";

/** Element `position` of a pointer, as it lies in memory: a code for small floats and packed integers, else the value. */
export function elementCode(dtype: DType, pointer: string, position: string): string {
  return isPacked(dtype) ? `fs::load_bits<${dtypeBits[dtype]}>(${pointer}, ${position})` : `${pointer}[${position}]`;
}

/** The value of a code. */
export function fromCode(dtype: DType, code: string): string {
  if (dtype === "bf16" || dtype === "f16") return `fs::${dtype}_to_f32(${code})`;
  if (isSmallFloat(dtype)) return `fs::decode<fs::${dtype}>(${code})`;
  if (isPacked(dtype)) return `fs::one::wrap_bits<${valueType[dtype]!}, ${dtypeBits[dtype]}>(${code})`;
  return dtype === "bool" ? `(${code} != 0)` : code;
}

/** The code of a value of the type (infinities included, so nothing saturates). */
export function toCode(dtype: DType, value: string): string {
  if (dtype === "bf16" || dtype === "f16") return `fs::f32_to_${dtype}(${value})`;
  if (isSmallFloat(dtype)) return `static_cast<uint8_t>(fs::encode<fs::${dtype}, false>(${value}))`;
  return isPacked(dtype) ? `static_cast<uint8_t>(${value} & ${2 ** dtypeBits[dtype] - 1})` : value;
}

/** The statement that writes a code to element `position`. */
export function storeCode(dtype: DType, pointer: string, position: string, code: string): string {
  return isPacked(dtype) ? `fs::store_bits<${dtypeBits[dtype]}>(${pointer}, ${position}, ${code});` : `${pointer}[${position}] = ${code};`;
}

/** The bits of a value read as a type of the same size. */
export function bitsAs(from: DType, to: DType, x: string): string {
  if (dtypeBits[from] !== dtypeBits[to]) return bug(`the bits of ${from} as ${to}`);
  const code = from === "bool" ? `static_cast<uint8_t>(${x})` : toCode(from, x);
  return fromCode(to, `fs::one::bits_as<${memoryType(to) ?? to}>(${code})`);
}
