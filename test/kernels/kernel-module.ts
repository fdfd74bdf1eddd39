/** Modules of one kernel call with its packing, as templates would write them: what the tests of manifests build, evaluate and run. */
import { ModuleBuilder } from "../../compiler-core/templates/module-builder.ts";
import type { NdArray } from "../../compiler-core/graph/ndarray.ts";
import { f32Lanes, type IsaName } from "../../compiler-core/machine.ts";
import { dtypeBytes, type DType } from "../../compiler-core/support/dtype.ts";
import * as x from "../../compiler-core/tensor/build.ts";
import type { Buffer, BufferId, Module, Ref, Scope, Stmt } from "../../compiler-core/tensor/ir.ts";

export interface KernelCase {
  readonly name: string;
  readonly module: Module;
  readonly inputs: readonly NdArray[];
  /** Results have rows of `pitch` elements, of which the first `of` are written; absent: all. */
  readonly columns?: { readonly of: number; readonly pitch: number };
}

/** Writes a module: buffers by name, kernel calls with constant arguments. */
export class KernelModule {
  readonly builder = new ModuleBuilder();
  readonly #ids = new Map<string, BufferId>();
  readonly #slots = new Map<Scope, number>();
  readonly #run: Stmt[] = [];

  constructor(readonly isa: IsaName) {}

  buffer(name: string, dtype: DType, shape: readonly number[], scope: Scope): void {
    const slot = scope === "input" || scope === "output" ? (this.#slots.get(scope) ?? 0) : undefined;
    if (slot !== undefined) this.#slots.set(scope, slot + 1);
    this.#ids.set(name, this.builder.buffer({ name, dtype, shape, scope, ...(slot === undefined ? {} : { slot }) }));
    if (scope === "arena") this.#run.push(this.builder.alloc(this.id(name), []));
  }

  private id(name: string): BufferId {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`no buffer ${name}`);
    return id;
  }

  /** The first element of a buffer. */
  ref(name: string): Ref {
    const buffer = this.builder.bufferOf(this.id(name));
    return { buffer: buffer.id, index: buffer.shape.map(() => x.index(0)) };
  }

  /**
   * A call on buffers named in `refs`. With `store`, the epilogue puts each accumulator into that m x n buffer, whole vectors at a time if
   * `vector` is set and else element by element.
   */
  call(
    kernel: string,
    refs: Readonly<Record<string, string>>,
    args: Readonly<Record<string, number>>,
    params: Readonly<Record<string, number | string>> = {},
    store?: { readonly to: string; readonly vector: boolean },
  ): void {
    const b = this.builder;
    const epilogue = () => {
      if (store === undefined) return {};
      const target = this.id(store.to);
      const { dtype } = b.bufferOf(target);
      const lanes = store.vector ? f32Lanes(this.isa) : 1;
      const [row, col, acc] = [b.variable("row"), b.variable("col"), b.variable("acc", { dtype, lanes })];
      const count = lanes > 1 ? b.variable("n") : undefined;
      const at = { buffer: target, index: [row, col] };
      const stored = b.store(at, acc, []) as Extract<Stmt, { k: "store" }>;
      const body = [count === undefined ? stored : { ...stored, count }];
      return { epilogue: { row: row.id, col: col.id, acc: acc.id, ...(count === undefined ? {} : { count: count.id }), body } };
    };
    this.#run.push(
      b.kernel(
        {
          kernel,
          refs: Object.fromEntries(Object.entries(refs).map(([k, v]) => [k, this.ref(v)])),
          args: Object.fromEntries(Object.entries(args).map(([k, v]) => [k, x.index(v)])),
          params: { ...params },
          ...epilogue(),
        },
        [],
      ),
    );
  }

  /** The module with its arena laid out, nothing sharing memory. */
  finish(name: string): Module {
    const module = this.builder.finish(name, 1, [], [this.builder.region(0, name, [], this.#run)]);
    let arena = 0;
    const buffers = module.buffers.map((b: Buffer) => {
      if (b.scope !== "arena") return b;
      const offset = arena;
      arena +=
        Math.ceil(
          dtypeBytes(
            b.dtype,
            b.shape.reduce((p, d) => p * d, 1),
          ) / 64,
        ) * 64;
      return { ...b, offset };
    });
    return { ...module, buffers, memory: { arena, arenaWithoutReuse: arena, packed: 0, scratch: 0 } };
  }
}
