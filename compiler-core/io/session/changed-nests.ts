/**
 * Evaluates one module after the other in f64, and only the loop nests that changed: the first as a whole, which gives the contents of every buffer
 * between nests; of the next ones, each nest that is not the same object as before, alone, on those contents. Nests that are the same but for the
 * memory they work on (the layers of a network) are evaluated once.
 */
import type { Elements, NdArray } from "../../graph/ndarray.ts";
import { count } from "../../graph/ndarray.ts";
import { bug } from "../../messages.ts";
import type { Buffer, BufferId, Module, Stmt } from "../../tensor/ir.ts";
import { evalBuffers, evalPiece, type ModuleData } from "../../tensor/index.ts";
import { buffersById, visitOwnExprs, visitStmts } from "../../tensor/rewrite.ts";
import { findKernel } from "../../kernels/index.ts";

export interface NestCheck {
  readonly evaluated: number;
  readonly of: number;
  /** The first nest that gives other elements, by the name of its group and of the buffer. */
  readonly wrong?: string;
  readonly maxAbs: number;
}

/** A top-level statement that computes something, and what it touches outside of threads. */
interface Piece {
  readonly stmt: Stmt;
  readonly reads: ReadonlySet<BufferId>;
  readonly writes: ReadonlySet<BufferId>;
}

export class ChangedNests {
  private contents: ReadonlyMap<BufferId, Elements> = new Map();
  private pieces: ReadonlyMap<number, Piece> = new Map();
  private buffers: ReadonlyMap<BufferId, Buffer> = new Map();
  private whole: readonly NdArray[] | undefined;

  /** @param same holds two contents of one buffer against each other: the greatest difference, and whether it is allowed */
  constructor(
    private readonly data: ModuleData,
    private readonly same: (now: Elements, before: Elements) => { readonly ok: boolean; readonly maxAbs: number },
  ) {}

  /** Outputs of the module when it had to be evaluated as a whole; else how its changed nests compare with what they gave before. */
  follow(module: Module): { readonly outputs: readonly NdArray[] } | NestCheck {
    const pieces = piecesOf(module);
    const apart = this.whole !== undefined && pieces !== undefined ? this.changed(module, pieces) : undefined;
    if (apart === undefined) return { outputs: this.evaluateWhole(module, pieces) };
    let maxAbs = 0;
    const before = { pieces: this.pieces, buffers: this.buffers };
    this.remember(module, pieces ?? []);
    const known = new Set<string>();
    let evaluated = 0;
    for (const piece of apart) {
      const key = `${keyOf(before.pieces.get(piece.stmt.id)?.stmt, before.buffers)} => ${keyOf(piece.stmt, this.buffers)}`;
      if (known.has(key)) continue;
      known.add(key);
      evaluated++;
      const boundary = [...piece.reads].filter((id) => this.contents.has(id) && !piece.writes.has(id));
      const given = new Map(boundary.map((id) => [id, this.contents.get(id)!]));
      const after = evalPiece(module, [piece.stmt], given, new Set([...piece.reads, ...piece.writes]), "f64");
      for (const id of piece.writes) {
        const [old, now] = [this.contents.get(id), after.get(id)];
        if (old === undefined || now === undefined || !isSeen(this.buffers.get(id), piece, pieces ?? [])) continue;
        const { ok, maxAbs: d } = this.same(now, old);
        maxAbs = Math.max(maxAbs, d);
        const b = this.buffers.get(id);
        if (!ok)
          return {
            evaluated,
            of: pieces?.length ?? 0,
            maxAbs,
            wrong: `${nameOf(piece.stmt)} writes other elements to ${b?.name ?? ""}#${id}`,
          };
      }
    }
    return { evaluated, of: pieces?.length ?? 0, maxAbs };
  }

  /** The pieces that are not as before; undefined when they cannot be taken alone. */
  private changed(module: Module, pieces: readonly Piece[]): readonly Piece[] | undefined {
    const buffers = buffersById(module);
    const sameMemory = (id: BufferId): boolean => {
      const [a, b] = [this.buffers.get(id), buffers.get(id)];
      return a === b || (a !== undefined && b !== undefined && a.scope === b.scope && a.shape.join() === b.shape.join());
    };
    const changed = pieces.filter((p) => {
      const old = this.pieces.get(p.stmt.id);
      return old?.stmt !== p.stmt || ![...p.reads, ...p.writes].every(sameMemory);
    });
    const writers = new Map<BufferId, number>();
    for (const p of pieces) for (const id of p.writes) writers.set(id, (writers.get(id) ?? 0) + 1);
    for (const p of changed) {
      for (const id of p.reads) {
        const b = buffers.get(id) ?? bug(`no buffer #${id}`);
        const local = p.writes.has(id) && !isSeen(b, p, pieces);
        const size = this.contents.get(id)?.length;
        // What other nests made must be known, in as many elements as there are now.
        if (!local && size !== count(b.shape)) return undefined;
      }
      for (const id of p.writes) {
        if ((writers.get(id) ?? 0) > 1) return undefined;
        const b = buffers.get(id);
        if (isSeen(b, p, pieces) && this.contents.get(id)?.length !== count(b?.shape ?? [])) return undefined;
      }
    }
    return changed;
  }

  private evaluateWhole(module: Module, pieces: readonly Piece[] | undefined): readonly NdArray[] {
    const { outputs, contents } = evalBuffers(module, this.data, "f64");
    this.contents = contents;
    this.whole = outputs;
    this.remember(module, pieces ?? []);
    return outputs;
  }

  private remember(module: Module, pieces: readonly Piece[]): void {
    this.pieces = new Map(pieces.map((p) => [p.stmt.id, p]));
    this.buffers = buffersById(module);
  }
}

/** Does anything but the piece itself look at what it writes there? */
const isSeen = (b: Buffer | undefined, piece: Piece, pieces: readonly Piece[]): boolean =>
  b?.scope === "output" || b?.scope === "packed" || (b !== undefined && pieces.some((p) => p !== piece && p.reads.has(b.id)));

const nameOf = (s: Stmt): string => (s.k === "region" ? `nest ${s.group} ${s.name}` : `statement ${s.id}`);

/** Top-level statements of both functions; undefined where one needs a variable of another, or ONNX Runtime. */
function piecesOf(module: Module): readonly Piece[] | undefined {
  const out: Piece[] = [];
  for (const f of [module.init, module.run]) {
    for (const stmt of f.body) {
      if (stmt.k === "alloc" || stmt.k === "barrier") continue;
      const piece = pieceOf(module, stmt);
      if (piece === undefined) return undefined;
      out.push(piece);
    }
  }
  return out;
}

const pieces = new WeakMap<Stmt, Piece | "needs more">();

function pieceOf(module: Module, stmt: Stmt): Piece | undefined {
  const known = pieces.get(stmt) ?? findPiece(stmt) ?? "needs more";
  pieces.set(stmt, known);
  if (known === "needs more") return undefined;
  const buffers = buffersById(module);
  const shared = (ids: ReadonlySet<BufferId>): ReadonlySet<BufferId> =>
    new Set([...ids].filter((id) => buffers.get(id)?.scope !== "thread"));
  return { stmt, reads: shared(known.reads), writes: shared(known.writes) };
}

function findPiece(stmt: Stmt): Piece | undefined {
  const [reads, writes, defined, used] = [new Set<BufferId>(), new Set<BufferId>(), new Set<number>(), new Set<number>()];
  let hole = false;
  visitStmts([stmt], (s) => {
    if (s.k === "hole") hole = true;
    if (s.k === "store") writes.add(s.buffer);
    if (s.k === "for" || s.k === "let" || s.k === "register") defined.add(s.v);
    if (s.k === "kernel") {
      const operands = findKernel(s.kernel)?.operands;
      for (const [name, r] of Object.entries(s.refs)) (operands?.[name]?.access === "read" ? reads : writes).add(r.buffer);
      for (const v of s.epilogue === undefined ? [] : [s.epilogue.row, s.epilogue.col, s.epilogue.acc, s.epilogue.count])
        if (v !== undefined) defined.add(v);
    }
    visitOwnExprs(s, (e) => {
      if (e.k === "load") reads.add(e.buffer);
      if (e.k === "var") used.add(e.id);
    });
  });
  return hole || [...used].some((v) => !defined.has(v)) ? undefined : { stmt, reads, writes };
}

/** A text that two statements share exactly when they are the same but for names of buffers and variables, whose types must agree. */
function keyOf(stmt: Stmt | undefined, buffers: ReadonlyMap<BufferId, Buffer>): string {
  if (stmt === undefined) return "new";
  const numbers = new Map<string, number>();
  const number = (kind: string, id: number): string => {
    const key = `${kind}${id}`;
    const known = numbers.get(key);
    if (known !== undefined) return `${kind}${known}`;
    numbers.set(key, numbers.size);
    const b = kind === "b" ? buffers.get(id) : undefined;
    return `${kind}${numbers.size - 1}${b === undefined ? "" : `:${b.dtype}:${b.scope}:${b.shape.join("x")}`}`;
  };
  return JSON.stringify(stmt, (name, value: unknown) => {
    if (name === "origin" || name === "name" || name === "group") return undefined;
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "number")
      return Number.isFinite(value) && !Object.is(value, -0) ? value : `number ${Object.is(value, -0) ? "-0" : value}`;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const { id, buffer, v, ...rest } = value as Readonly<Record<string, unknown>>;
    const named =
      name === "epilogue"
        ? Object.fromEntries(Object.entries(rest).map(([k, x]) => [k, typeof x === "number" ? number("v", x) : x]))
        : rest;
    return {
      ...named,
      ...(rest["k"] === "var" ? { id: number("v", Number(id)) } : {}),
      ...(buffer === undefined ? {} : { buffer: number("b", Number(buffer)) }),
      ...(v === undefined ? {} : { v: number("v", Number(v)) }),
    };
  });
}
