/**
 * What lies behind an operand of a product in a nest: bytes that are dequantised by one scale and one zero point, or bf16 that is widened. The
 * members of the nest that compute the operand are looked through, so that the product can be of what was there before.
 */
import { elements, staticShape, valueOf, type Graph, type Node, type ValueId } from "../../graph/ir.ts";
import { constantData } from "../../graph/types.ts";
import { operand, resultOf } from "../template.ts";
import { isResult } from "../../graph/find-node.ts";
import { usersOf } from "../../graph/users.ts";

/** The operand is (element - zero) * scale. */
export interface NarrowSource {
  /** The elements; made outside of the nest, or by a member that is not looked through. */
  readonly value: ValueId;
  readonly dtype: "u8" | "i8" | "bf16";
  readonly zero: number;
  readonly scale: number;
  /** The members looked through: nothing computes them where the product takes the elements. */
  readonly through: readonly Node[];
}

/** A single known number. */
function number(graph: Graph, value: ValueId | null | undefined): number | undefined {
  if (value == null) return undefined;
  const v = valueOf(graph, value);
  if (v.constant === undefined || elements(staticShape(v) ?? [0]) !== 1) return undefined;
  const [data] = constantData(graph, v)?.data ?? [];
  return data === undefined ? undefined : Number(data);
}

/** What is known on the way from the operand to its source: operand = (at - zero) * scale. */
interface Way {
  readonly at: ValueId;
  readonly zero: number;
  readonly scale: number;
}

/** Operators of a dequantisation, undone; undefined: it is none of them. */
function undone(graph: Graph, node: Node, { zero, scale }: Way): Way | undefined {
  const [a, b] = node.inputs;
  const [left, right] = [number(graph, a), number(graph, b)];
  const x = right === undefined && left !== undefined ? b : a;
  const c = right ?? left;
  const symmetric = node.op === "add" || node.op === "mul";
  if (x == null || node.inputs.length !== 2 || c === undefined || !Number.isFinite(c) || (!symmetric && x !== a)) return undefined;
  const sameShape = String(staticShape(valueOf(graph, x))) === String(staticShape(valueOf(graph, resultOf(node))));
  if (!sameShape) return undefined;
  if (node.op === "sub") return { at: x, zero: zero + c, scale };
  if (node.op === "add") return { at: x, zero: zero - c, scale };
  if (zero !== 0 || !(c > 0)) return undefined;
  if (node.op === "mul") return { at: x, zero, scale: scale * c };
  return node.op === "div" ? { at: x, zero, scale: scale / c } : undefined;
}

const isFloat = (dtype: string): boolean => dtype === "f32" || dtype === "f16" || dtype === "bf16";

/** Casts that a product of the elements would not notice: up from bytes, and between floats. */
function widened(graph: Graph, node: Node): boolean {
  const [from, to] = [valueOf(graph, operand(node, 0)).dtype, valueOf(graph, resultOf(node)).dtype];
  return (
    (from === "u8" || from === "i8" || from === "i32" || isFloat(from)) && (isFloat(to) || to === "i32") && !(isFloat(from) && to === "i32")
  );
}

/** The bytes behind `value`, looking through `members`; undefined: they are not there, or it takes more than one scale to say what it is. */
export function bytesBehind(graph: Graph, members: readonly Node[], value: ValueId): NarrowSource | undefined {
  const makers = new Map(members.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  const through: Node[] = [];
  let way: Way = { at: value, zero: 0, scale: 1 };
  for (;;) {
    const { dtype } = valueOf(graph, way.at);
    if (dtype === "u8" || dtype === "i8") {
      return through.length > 0 && Number.isInteger(way.zero)
        ? { value: way.at, dtype, zero: way.zero, scale: way.scale, through }
        : undefined;
    }
    const node = makers.get(way.at);
    if (node === undefined) return undefined;
    const before = node.op === "cast" ? (widened(graph, node) ? { ...way, at: operand(node, 0) } : undefined) : undone(graph, node, way);
    if (before === undefined) return undefined;
    through.push(node);
    way = before;
  }
}

/** Members whose results have one reader at most: the others are there for more than the product. */
export function usedOnce(graph: Graph, members: readonly Node[]): readonly Node[] {
  const reads = (v: ValueId): number => usersOf(graph, v).reduce((sum, n) => sum + n.inputs.filter((i) => i === v).length, 0);
  return members.filter((n) => n.outputs.every((v) => reads(v) <= 1 && !isResult(graph, v)));
}

/** The bf16 value that `value` was widened from, by a member of the nest. */
export function bf16Behind(graph: Graph, members: readonly Node[], value: ValueId): NarrowSource | undefined {
  const node = members.find((n) => resultOf(n) === value);
  if (node?.op !== "cast" || valueOf(graph, operand(node, 0)).dtype !== "bf16") return undefined;
  return { value: operand(node, 0), dtype: "bf16", zero: 0, scale: 1, through: [node] };
}

/** A source that can be packed from memory: what other members of the nest would compute as they are packed never gets there. */
export function inMemory(members: readonly Node[], source: NarrowSource | undefined): NarrowSource | undefined {
  return source !== undefined && members.some((n) => n.outputs.includes(source.value)) ? undefined : source;
}
