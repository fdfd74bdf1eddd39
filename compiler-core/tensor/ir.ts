/**
 * Tensor IR: loops, buffers, expressions and microkernel calls, as plain immutable data.
 *
 * A module is what one native artifact contains: buffers, the `init` function (constant work, done once) and the `run` function.
 * Both are SPMD: every thread executes them; `parallel` loops are shared out by thread, all other statements outside of a
 * parallel loop are executed by thread 0 only, `barrier` waits for all.
 */
import type { DType } from "../support/dtype.ts";
import type { NodeId, ValueId } from "../graph/ir.ts";

export type VarId = number;
export type BufferId = number;
export type StmtId = number;

/** A scalar (`lanes` 1) or a vector of one element type. Index arithmetic is i64, conditions are bool. */
export interface VType {
  readonly dtype: DType;
  readonly lanes: number;
}

/**
 * Where a buffer lives. `arena`: shared, placed by the memory plan. `thread`: one per thread. `packed`: written by init, kept. `host`: no memory of
 * ours, a value that the host keeps between holes (its shape is not known, or it has no fixed size); only holes touch it.
 */
export type Scope = "input" | "output" | "weight" | "packed" | "arena" | "thread" | "host";

export interface Buffer {
  readonly id: BufferId;
  readonly name: string;
  readonly dtype: DType;
  /** Row-major extents (after layout: the physical ones). 1-D after `flatten-indices`. */
  readonly shape: readonly number[];
  readonly scope: Scope;
  /** The graph value it holds, if any. */
  readonly value?: ValueId;
  /** Index among the module's inputs, outputs, weights or host values. */
  readonly slot?: number;
  /** Byte offset in the arena, the packed block or the thread scratch; set by `plan-memory`. */
  readonly offset?: number;
}

export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "min"
  | "max"
  | "pow"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr"
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge";
export type UnaryOp =
  | "neg"
  | "abs"
  | "sqrt"
  | "rsqrt"
  | "exp"
  | "log"
  | "tanh"
  | "erf"
  | "sigmoid"
  | "floor"
  | "ceil"
  | "rint"
  | "trunc"
  | "not"
  | "isnan"
  | "sin"
  | "cos"
  | "reciprocal"
  | "softplus"
  | "expm1"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "asinh"
  | "acosh"
  | "atanh";
/** Associative operators a reduction may use. */
export type ReduceOp = "add" | "mul" | "min" | "max";

/**
 * What a cast does other than usual. `overflow`: a float beyond the largest of 8 bits becomes infinity or NaN instead of that one. `down`,
 * `nearest`: how magnitudes become powers of two (f8e8m0; usually up). `bits`: the same bits, read as another type of the same size.
 */
export type CastRule = "overflow" | "down" | "nearest" | "overflow_down" | "overflow_nearest" | "bits";
export const castRules: readonly CastRule[] = ["overflow", "down", "nearest", "overflow_down", "overflow_nearest", "bits"];

export type Expr =
  | { readonly k: "const"; readonly type: VType; readonly value: number | bigint | boolean }
  | { readonly k: "var"; readonly id: VarId; readonly type: VType }
  | { readonly k: "binary"; readonly op: BinaryOp; readonly a: Expr; readonly b: Expr; readonly type: VType }
  | { readonly k: "unary"; readonly op: UnaryOp; readonly a: Expr; readonly type: VType }
  | { readonly k: "fma"; readonly a: Expr; readonly b: Expr; readonly c: Expr; readonly type: VType }
  | { readonly k: "cast"; readonly a: Expr; readonly rule?: CastRule; readonly type: VType }
  | { readonly k: "select"; readonly cond: Expr; readonly a: Expr; readonly b: Expr; readonly type: VType }
  /** `lanes` consecutive elements from `index`; with `count`, lanes at and past it read as zero. */
  | { readonly k: "load"; readonly buffer: BufferId; readonly index: readonly Expr[]; readonly count?: Expr; readonly type: VType }
  | { readonly k: "broadcast"; readonly a: Expr; readonly type: VType }
  /** All lanes of a vector combined into a scalar, by halves (the order is part of the meaning for floats). */
  | { readonly k: "reduce"; readonly op: ReduceOp; readonly a: Expr; readonly type: VType }
  /** Lane numbers 0, 1, 2 ... plus a scalar base: index vectors for masks. */
  | { readonly k: "ramp"; readonly base: Expr; readonly type: VType };

/** A pointer to an element of a buffer, an operand of a microkernel. */
export interface Ref {
  readonly buffer: BufferId;
  readonly index: readonly Expr[];
}

/**
 * How a loop runs. `parallel`: iterations are independent and shared out over threads. `vector`: iterations are independent (or
 * feed `accum`) and may become lanes. `unroll`: to be written out.
 */
export type LoopKind = "serial" | "parallel" | "vector" | "unroll";

interface StmtBase {
  /** Stable while a statement is only rebuilt; a statement made from others by a pass gets a new one. */
  readonly id: StmtId;
  /** Graph nodes (of the last graph snapshot) whose work this is: sorted; may be empty for glue. */
  readonly origin: readonly NodeId[];
}

export interface For extends StmtBase {
  readonly k: "for";
  readonly v: VarId;
  readonly lo: Expr;
  readonly hi: Expr;
  readonly step: number;
  readonly kind: LoopKind;
  /** For `parallel`: at most this many threads share the iterations. Absent: all. */
  readonly threads?: number;
  /** For `parallel`: the thread that the first share goes to, others follow in turn; present where it was decided together with other nests. */
  readonly first?: number;
  readonly body: readonly Stmt[];
}
/** Brings a `thread` or `arena` buffer to life for the rest of the enclosing statement list. */
export interface Alloc extends StmtBase {
  readonly k: "alloc";
  readonly buffer: BufferId;
}
export interface Store extends StmtBase {
  readonly k: "store";
  readonly buffer: BufferId;
  readonly index: readonly Expr[];
  readonly value: Expr;
  /** With `count`, only lanes before it are written. */
  readonly count?: Expr;
  /** Written past the caches: more than they hold, and nobody in this module reads it. */
  readonly stream?: true;
}
/** Names a value (single assignment). */
export interface Let extends StmtBase {
  readonly k: "let";
  readonly v: VarId;
  readonly value: Expr;
}
/** A mutable register, for reductions: `var acc = value` ... `accum acc op= value`. Read like any variable. */
export interface Register extends StmtBase {
  readonly k: "register";
  readonly v: VarId;
  readonly value: Expr;
}
export interface Accum extends StmtBase {
  readonly k: "accum";
  readonly v: VarId;
  readonly op: ReduceOp;
  readonly value: Expr;
}
/** Gives a mutable register a new value that is not an associative update (running maxima with rescaling ...). */
export interface Assign extends StmtBase {
  readonly k: "assign";
  readonly v: VarId;
  readonly value: Expr;
}
export interface If extends StmtBase {
  readonly k: "if";
  readonly cond: Expr;
  readonly then: readonly Stmt[];
  readonly else: readonly Stmt[];
}
/**
 * A call of a microkernel of the registry `kernels/`. `refs` and `args` are named by the kernel's contract; `params` are compile-time
 * constants. `epilogue` is inlined into the kernel for every finished tile vector: `acc` holds elements (row, col ... col+lanes-1) of the
 * result, counted from the kernel's own C origin.
 */
export interface KernelCall extends StmtBase {
  readonly k: "kernel";
  readonly kernel: string;
  readonly refs: Readonly<Record<string, Ref>>;
  readonly args: Readonly<Record<string, Expr>>;
  readonly params: Readonly<Record<string, number | string>>;
  readonly epilogue?: Epilogue;
}
export interface Epilogue {
  readonly row: VarId;
  readonly col: VarId;
  readonly acc: VarId;
  /** How many lanes of `acc` are elements of the result (i64); present exactly when `acc` is a vector. */
  readonly count?: VarId;
  readonly body: readonly Stmt[];
}
export interface Barrier extends StmtBase {
  readonly k: "barrier";
  /** What threads bring near while they wait; it changes no value. */
  readonly near?: Near;
}
/** The part of a constant that a thread reads next: `step` elements (0: all threads the same) for each of its shares of `count`. */
export interface Near {
  readonly buffer: BufferId;
  readonly step: number;
  readonly count: number;
  /** At most so many bytes. */
  readonly bytes: number;
}
/** A value that enters or leaves a hole, and the buffer with its elements: dense, row-major, all of them. */
export interface HoleOperand {
  readonly buffer: BufferId;
  readonly value: ValueId;
}
/**
 * A part of the model that is not compiled: the host runs it (on ONNX Runtime) on the memory of its operands and results. Thread 0 asks for it,
 * outside of loops; the others wait at the next barrier.
 */
export interface HoleCall extends StmtBase {
  readonly k: "hole";
  /** Counts the holes of the module from 0. */
  readonly hole: number;
  readonly inputs: readonly HoleOperand[];
  readonly outputs: readonly HoleOperand[];
}
/** A named stretch of statements: a fusion group. What is timed, coloured and linked as a whole. */
export interface Region extends StmtBase {
  readonly k: "region";
  readonly group: number;
  readonly name: string;
  readonly body: readonly Stmt[];
}

export type Stmt = For | Alloc | Store | Let | Register | Accum | Assign | If | KernelCall | HoleCall | Barrier | Region;

/** A variable: loop counters and named values. The name is for people; the id is its identity. */
export interface Var {
  readonly id: VarId;
  readonly name: string;
  readonly type: VType;
}

export interface Func {
  readonly name: "init" | "run";
  readonly body: readonly Stmt[];
}

export interface Module {
  readonly name: string;
  readonly buffers: readonly Buffer[];
  /** Indexed by VarId. */
  readonly vars: readonly Var[];
  readonly init: Func;
  readonly run: Func;
  readonly nextStmt: StmtId;
  /** Threads the schedule was made for. */
  readonly threads: number;
  /** Sizes in bytes, set by `plan-memory`. */
  readonly memory?: { readonly arena: number; readonly arenaWithoutReuse: number; readonly packed: number; readonly scratch: number };
}

export const scalar = (dtype: DType): VType => ({ dtype, lanes: 1 });
export const indexType: VType = scalar("i64");
