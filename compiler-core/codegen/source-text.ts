/** Lines of generated text with their origin, and indentation. */
import type { LineOrigin } from "../protocol/trace.ts";

interface Origin {
  readonly id: number;
  readonly origin: readonly number[];
}

export class SourceText {
  private readonly out: string[] = [];
  private readonly found: LineOrigin[] = [];
  private depth = 0;
  private current: Origin | undefined;

  /** Appends a line; it belongs to the statement that `within` is busy with. */
  line(text: string): void {
    this.out.push(text === "" ? "" : "  ".repeat(this.depth) + text);
    if (this.current !== undefined && text !== "")
      this.found.push({ line: this.out.length, stmt: this.current.id, nodes: this.current.origin });
  }

  /** Lines that `f` appends are one level deeper. */
  indent(f: () => void): void {
    this.depth++;
    f();
    this.depth--;
  }

  /** `head`, the lines of `f` indented, `tail`. */
  block(head: string, f: () => void, tail = "}"): void {
    this.line(head);
    this.indent(f);
    this.line(tail);
  }

  /** Lines that `f` appends come from this statement; undefined: from none. */
  within(s: Origin | undefined, f: () => void): void {
    const before = this.current;
    this.current = s;
    f();
    this.current = before;
  }

  /** Lines so far. */
  get count(): number {
    return this.out.length;
  }

  /** Lines after the first `above` also have these origins, counted from there: several statements may share a line. */
  share(above: number, origins: readonly LineOrigin[]): void {
    for (const o of origins) this.found.push({ ...o, line: o.line + above });
  }

  /** By line. */
  get origins(): readonly LineOrigin[] {
    return [...this.found].sort((a, b) => a.line - b.line);
  }

  get text(): string {
    return this.out.join("\n") + "\n";
  }
}
