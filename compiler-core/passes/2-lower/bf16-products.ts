/**
 * Products in bf16 with f32 sums: all products with one matrix where `--precision bf16` asks for it, and in any case those of bf16 models, whose
 * operands lose nothing. Left operands are rounded where they are made (the cast joins their nest), right ones while they are packed; a
 * value that was bf16 before is taken as it was.
 */
import { staticShape, valueOf, type Graph, type Node, type Value, type ValueId } from "../../graph/ir.ts";
import { gemmBF16Tile, hasBF16Products, kernelOf } from "../../kernels/index.ts";
import { resolveIsa, type IsaName } from "../../machine.ts";
import { graphPass, type PassContext } from "../pass.ts";

export const bf16Products = graphPass({
  name: "bf16-products",
  why: "Multiplies in bf16 with f32 sums where the precision allows it, and rounds each operand once.",
  optional: true,
  run: (graph, ctx) => new Rewriter(graph, ctx).run(),
});

/** Fewer columns would mostly fill panels with zeros. */
const leastColumns = 8;
/** With fewer rows, packing a computed operand takes longer than it saves. */
const leastRows = 16;

class Rewriter {
  readonly #values: (Value | undefined)[];
  readonly #producers: ReadonlyMap<ValueId, Node>;
  readonly #rounded = new Map<ValueId, ValueId>();
  readonly #packed = new Map<string, ValueId>();
  readonly #isa: IsaName;
  readonly #asked: boolean;
  #nextNode: number;
  #changed = false;

  constructor(
    private readonly graph: Graph,
    private readonly ctx: PassContext,
  ) {
    this.#values = [...graph.values];
    this.#nextNode = graph.nextNode;
    this.#isa = resolveIsa(ctx.options.isa, ctx.machine);
    this.#asked = ctx.options.precision === "bf16";
    this.#producers = new Map(graph.nodes.flatMap((n) => n.outputs.map((v) => [v, n] as const)));
  }

  run(): Graph {
    const nodes = this.graph.nodes.flatMap((node) => (node.op === "matmul" ? this.#product(node) : [node]));
    return this.#changed ? { ...this.graph, nodes, values: this.#values, nextNode: this.#nextNode } : this.graph;
  }

  #product(node: Node): readonly Node[] {
    const [a, b] = node.inputs as readonly [ValueId, ValueId];
    if (valueOf(this.graph, node.outputs[0]!).dtype !== "f32") return [node];
    const lossless = this.#isBF16(a) && this.#isBF16(b);
    if (!this.#asked && !lossless) return [node];
    const why = this.#refusal(node, a, b);
    const kernel = this.#kernel(node, a, b);
    this.ctx.verdict({
      subject: "kernel",
      accepted: why === undefined,
      rule: "bf16-products/product",
      because:
        why === undefined
          ? `${kernel}: ${lossless ? "the operands are bf16" : "the operands are rounded to bf16"}`
          : `computed in f32: ${why}`,
      facts: [],
      nodes: [node.id],
      value: node.outputs[0]!,
    });
    if (why !== undefined) return [node];
    this.#changed = true;
    const fresh: Node[] = [];
    const left = this.#leftOperand(node, a, fresh);
    const right = this.#panels(node, b, fresh);
    const shape = staticShape(valueOf(this.graph, b))!;
    const n = node.attrs["transB"] === true ? shape[0]! : shape[1]!;
    const product: Node = { ...node, op: "matmul-bf16", inputs: [left, right], attrs: { n, kernel } };
    this.ctx.hit({ rule: "bf16-products/product", before: [node.id], after: [...fresh.map((m) => m.id), node.id] });
    return [...fresh, product];
  }

  #refusal(node: Node, a: ValueId, b: ValueId): string | undefined {
    const [sa, sb] = [a, b].map((v) => staticShape(valueOf(this.graph, v)));
    if (!hasBF16Products(this.#isa)) return `${this.#isa} has no instruction for bf16 products, and f32 is as fast`;
    if (sa === undefined || sb === undefined) return "the shapes are not known";
    if (sb.length !== 2 || sa.length < 2 || node.attrs["transA"] === true) return "the right operand is no single matrix";
    if (valueOf(this.graph, b).layout !== "plain") return "the weight is packed already";
    const columns = node.attrs["transB"] === true ? sb[0]! : sb[1]!;
    const rows = sa.slice(0, -1).reduce((x, d) => x * d, 1);
    if (columns < leastColumns) return `${columns} columns do not fill a panel`;
    if (valueOf(this.graph, b).constant === undefined && rows < leastRows)
      return `packing the right operand at every run does not pay for ${rows} rows`;
    return undefined;
  }

  /** The microkernel: on tiles where the machine has them and the product fills them. */
  #kernel(node: Node, a: ValueId, b: ValueId): string {
    const [sa, sb] = [a, b].map((v) => staticShape(valueOf(this.graph, v)) ?? [1, 1]);
    const [k, n] = node.attrs["transB"] === true ? [sb!.at(-1)!, sb!.at(-2)!] : [sb!.at(-2)!, sb!.at(-1)!];
    const m = sa!.slice(0, -1).reduce((x, d) => x * d, 1);
    const facts = { m, n, k, isa: this.#isa, bConstant: valueOf(this.graph, b).constant !== undefined };
    return kernelOf("gemm_bf16_amx").accepts(facts) === true ? "gemm_bf16_amx" : "gemm_bf16";
  }

  /** Is every element a bf16 already: widened from one, or a weight that was? */
  #isBF16(id: ValueId): boolean {
    if (this.#widened(id) !== undefined) return true;
    const { constant } = valueOf(this.graph, id);
    if (constant === undefined) return false;
    const bytes = this.graph.constants.get(constant).bytes();
    for (let i = 0; i < bytes.length; i += 4) if (bytes[i] !== 0 || bytes[i + 1] !== 0) return false;
    return true;
  }

  /** The bf16 value that an f32 value was widened from. */
  #widened(id: ValueId): ValueId | undefined {
    const producer = this.#producers.get(id);
    const from = producer?.op === "cast" ? producer.inputs[0]! : undefined;
    return from !== undefined && valueOf(this.graph, from).dtype === "bf16" ? from : undefined;
  }

  #leftOperand(node: Node, a: ValueId, fresh: Node[]): ValueId {
    const known = this.#widened(a) ?? this.#rounded.get(a);
    if (known !== undefined) return known;
    const made = this.#value(a, "bf16", staticShape(valueOf(this.graph, a))!);
    this.#rounded.set(a, made);
    const origin = this.#producers.get(a)?.origin ?? node.origin;
    fresh.push({
      id: this.#nextNode++,
      op: "cast",
      name: node.name,
      inputs: [a],
      outputs: [made],
      attrs: { to: "bf16" },
      origin,
      phase: node.phase,
    });
    return made;
  }

  #panels(node: Node, b: ValueId, fresh: Node[]): ValueId {
    const source = this.#widened(b) ?? b;
    const transB = node.attrs["transB"] === true;
    const key = `${source} ${transB}`;
    const known = this.#packed.get(key);
    if (known !== undefined) return known;
    const [rows, columns] = staticShape(valueOf(this.graph, b)) as readonly [number, number];
    const [k, n] = transB ? [columns, rows] : [rows, columns];
    const panel = gemmBF16Tile(this.#isa).nr;
    const made = this.#value(b, "packed", [Math.ceil(n / panel), Math.ceil(k / 2), panel, 2]);
    this.#packed.set(key, made);
    const phase = valueOf(this.graph, source).constant === undefined ? node.phase : "init";
    const attrs = { panel, transB };
    fresh.push({
      id: this.#nextNode++,
      op: "pack-bf16",
      name: `pack ${valueOf(this.graph, b).name}`,
      inputs: [source],
      outputs: [made],
      attrs,
      origin: node.origin,
      phase,
    });
    return made;
  }

  #value(like: ValueId, suffix: string, shape: readonly number[]): ValueId {
    const id = this.#values.length;
    const { name } = valueOf(this.graph, like);
    this.#values.push({ id, name: `${name}.${suffix}`, dtype: "bf16", shape, shapeSource: "inferred", layout: "plain" });
    return id;
  }
}
