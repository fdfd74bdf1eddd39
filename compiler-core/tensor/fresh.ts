/** New ids for what a pass adds to a module. */
import type { Buffer, BufferId, Module, StmtId, Var, VarId, VType } from "./ir.ts";
import { buffersById } from "./rewrite.ts";

/** Hands out fresh statement, variable and buffer ids while a pass works, and puts the new tables into the module. */
export class Fresh {
  private nextStmt: StmtId;
  private readonly vars: Var[];
  private readonly buffers: Buffer[] = [];
  private readonly known: Map<BufferId, Buffer>;
  private nextBuffer: BufferId;
  constructor(private readonly module: Module) {
    this.nextStmt = module.nextStmt;
    this.vars = [...module.vars];
    this.nextBuffer = module.buffers.reduce((top, b) => Math.max(top, b.id + 1), 0);
    this.known = new Map(buffersById(module));
  }
  stmt(): StmtId {
    return this.nextStmt++;
  }
  variable(name: string, type: VType): VarId {
    this.vars.push({ id: this.vars.length, name, type });
    return this.vars.length - 1;
  }
  nameOf(id: VarId): string {
    return this.vars[id]?.name ?? "";
  }
  typeOf(id: VarId): VType | undefined {
    return this.vars[id]?.type;
  }
  buffer(make: (id: BufferId) => Buffer): BufferId {
    const id = this.nextBuffer++;
    const made = make(id);
    this.buffers.push(made);
    this.known.set(id, made);
    return id;
  }
  /** A buffer of the module, or one that was made since. */
  bufferOf(id: BufferId): Buffer | undefined {
    return this.known.get(id);
  }
  /** `module` with the ids handed out entered in its tables; the same module when none were. */
  finish(module: Module): Module {
    if (this.nextStmt === this.module.nextStmt && this.vars.length === this.module.vars.length && this.buffers.length === 0) return module;
    return { ...module, nextStmt: this.nextStmt, vars: this.vars, buffers: [...module.buffers, ...this.buffers] };
  }
}
