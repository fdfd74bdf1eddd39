/**
 * Regions as functions of their own: a compiler's work grows faster than a function's length, and regions that differ only in the memory
 * they work on (the layers of a network) are one function. The order of regions and the barriers between them stay with the caller.
 */
import { bug } from "../messages.ts";
import type { LineOrigin } from "../protocol/trace.ts";
import { dtypeBytes } from "../support/dtype.ts";
import type { Buffer, Func, Region, Stmt } from "../tensor/ir.ts";
import { visitOwnExprs, visitStmts } from "../tensor/rewrite.ts";
import { typeName } from "./expressions.ts";
import type { RegionText } from "./kernel-units.ts";
import { identifier } from "./names.ts";
import { canonicalNames, readableNames, type Naming } from "./naming.ts";
import { SourceText } from "./source-text.ts";
import { elementType, StatementWriter, type ModuleFacts } from "./statements.ts";

export const bytesOf = (b: Buffer): number =>
  dtypeBytes(
    b.dtype,
    b.shape.reduce((a, d) => a * d, 1),
  );

/** What a region needs from outside, in order of first use. */
interface Needs {
  readonly buffers: readonly number[];
  readonly variables: readonly number[];
  /** Buffers it brings to life itself. */
  readonly own: ReadonlySet<number>;
  readonly waits: boolean;
}

/** One function, and the regions whose code it is. */
interface RegionFunction {
  readonly name: string;
  /** With canonical names. */
  readonly text: string;
  readonly func: Func;
  readonly needs: Needs;
  readonly regions: { readonly region: Region; readonly origins: readonly LineOrigin[] }[];
}

export class RegionFunctions {
  private readonly byText = new Map<string, RegionFunction>();
  private readonly calls = new Map<Region, string>();
  private readonly names = new Set<string>();
  private readonly written: RegionText[] = [];

  constructor(private readonly facts: ModuleFacts) {
    for (const func of [facts.module.init, facts.module.run]) for (const s of func.body) if (s.k === "region") this.add(func, s);
  }

  /** The statement that calls a region's function; undefined: the region stands in its caller. */
  callOf(region: Region): string | undefined {
    return this.calls.get(region);
  }

  /** The functions that were appended, each with its canonical text. */
  get texts(): readonly RegionText[] {
    return this.written;
  }

  /** Appends all functions. */
  write(out: SourceText): void {
    for (const f of this.byText.values()) {
      out.line("");
      for (const { region } of f.regions) out.within(region, () => this.facts.comments(region.group).forEach((line) => out.line(line)));
      const [first, ...others] = f.regions;
      const above = out.count;
      this.written.push({ name: f.name, line: above + 1, text: f.text });
      this.writeOne(out, f.func, first?.region ?? bug("a function without region"), f.needs, f.name, readableNames);
      for (const { origins } of others) out.share(above, origins);
    }
  }

  private add(func: Func, region: Region): void {
    const needs = needsOf(region.body);
    if (needs === undefined) return;
    const scratch = new SourceText();
    this.writeOne(scratch, func, region, needs, "f", canonicalNames());
    const key = scratch.text;
    const name = this.byText.get(key)?.name ?? this.nameOf(region);
    const f = this.byText.get(key) ?? { name, text: key, func, needs, regions: [] };
    this.byText.set(key, f);
    f.regions.push({ region, origins: scratch.origins });
    const { buffers, vars } = { buffers: this.facts.buffers, vars: this.facts.module.vars };
    const operands = [
      ...needs.buffers.map((id) => readableNames.buffer(id, buffers.get(id)?.name ?? "")),
      ...needs.variables.map((id) => readableNames.variable(id, vars[id]?.name ?? "")),
    ];
    this.calls.set(region, `${name}(${["ctx", "tid", "threads", ...operands].join(", ")});`);
  }

  /** After the first region; a group may have several. */
  private nameOf(region: Region): string {
    const plain = identifier(region.name, `g${region.group}`);
    const name = this.names.has(plain) ? `${plain}_s${region.id}` : plain;
    this.names.add(name);
    return name;
  }

  private writeOne(out: SourceText, func: Func, region: Region, needs: Needs, name: string, names: Naming): void {
    const writer = new StatementWriter(this.facts, out, names);
    const apart = needs.waits ? new Set<number>() : separate(this.facts, needs);
    const pointers = needs.buffers.map((id) => {
      const b = writer.scope.buffer(id);
      const constant = b.scope === "input" || b.scope === "weight" || (b.scope === "packed" && func.name === "run") ? "const " : "";
      return `${constant}${elementType(b)}* ${apart.has(id) ? "__restrict " : ""}${writer.scope.pointer(id)}`;
    });
    const scalars = needs.variables.map((id) => {
      const { type } = this.facts.module.vars[id] ?? bug(`no variable %${id}`);
      return `${typeName(type, writer.scope)} ${writer.scope.variable(id)}`;
    });
    const parameters = ["fs_context* ctx", "int tid", "int threads", ...pointers, ...scalars].join(", ");
    out.within(region, () =>
      out.block(`FS_REGION_FUNCTION void ${name}(${parameters}) {`, () => {
        out.line("(void)ctx, (void)tid, (void)threads;");
        writer.scopes(region.body);
        writer.teamBody(region.body);
      }),
    );
  }
}

/** Undefined where the statements must stay with their caller: they change its registers or call the host. */
function needsOf(body: readonly Stmt[]): Needs | undefined {
  const [buffers, variables, own, defined] = [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()];
  let [stays, waits] = [false, false];
  visitStmts(body, (s) => {
    if (s.k === "hole") stays = true;
    if (s.k === "barrier") waits = true;
    if ((s.k === "accum" || s.k === "assign") && !defined.has(s.v)) stays = true;
    if (s.k === "for" || s.k === "let" || s.k === "register") defined.add(s.v);
    if (s.k === "alloc") own.add(s.buffer);
    if (s.k === "store") buffers.add(s.buffer);
    if (s.k === "kernel") {
      for (const r of Object.values(s.refs)) buffers.add(r.buffer);
      const { row, col, acc, count } = s.epilogue ?? {};
      for (const v of [row, col, acc, count]) if (v !== undefined) defined.add(v);
    }
    visitOwnExprs(s, (e) => {
      if (e.k === "load") buffers.add(e.buffer);
      if (e.k === "var") variables.add(e.id);
    });
  });
  if (stays) return undefined;
  return { buffers: [...buffers].filter((b) => !own.has(b)), variables: [...variables].filter((v) => !defined.has(v)), own, waits };
}

/**
 * Operands that share no byte with any other buffer the region uses: the memory plan may put a result in its operand's place. Only these may be
 * told apart by the compiler, and only while nobody else writes them (no barrier inside).
 */
function separate(facts: ModuleFacts, { buffers, own }: Needs): ReadonlySet<number> {
  const places = [...buffers, ...own].map((id) => facts.buffers.get(id) ?? bug(`no buffer #${id}`));
  const overlap = (a: Buffer, b: Buffer): boolean =>
    a.scope === b.scope &&
    (a.offset === undefined || b.offset === undefined
      ? a.slot === b.slot
      : a.offset < b.offset + Math.max(1, bytesOf(b)) && b.offset < a.offset + Math.max(1, bytesOf(a)));
  return new Set(buffers.filter((id) => !places.some((a) => a.id === id && places.some((b) => b !== a && overlap(a, b)))));
}
