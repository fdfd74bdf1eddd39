/** A cursor over one line of IR text: tokens, with errors that name the line. */
import { userError } from "../messages.ts";

export class TextCursor {
  #at = 0;
  constructor(
    readonly text: string,
    readonly line: number,
  ) {}

  fail(what: string): never {
    userError("ir-text", {}, { line: this.line, what: `${what} at column ${this.#at + 1}` });
  }
  #skip(): void {
    while (this.text[this.#at] === " ") this.#at++;
  }
  atEnd(): boolean {
    this.#skip();
    return this.#at >= this.text.length;
  }
  peek(literal: string): boolean {
    this.#skip();
    return this.text.startsWith(literal, this.#at);
  }
  /** Takes the literal if it comes next. */
  take(literal: string): boolean {
    if (!this.peek(literal)) return false;
    this.#at += literal.length;
    return true;
  }
  expect(literal: string): void {
    if (!this.take(literal)) this.fail(`expected ${literal}`);
  }
  match(pattern: RegExp): string | undefined {
    this.#skip();
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = this.#at;
    const m = sticky.exec(this.text);
    if (m === null) return undefined;
    this.#at = sticky.lastIndex;
    return m[0];
  }
  word(): string {
    return this.match(/[A-Za-z_][\w.-]*/) ?? this.fail("expected a word");
  }
  integer(): number {
    return Number(this.match(/-?\d+/) ?? this.fail("expected a whole number"));
  }
  isString(): boolean {
    return this.peek('"');
  }
  string(): string {
    const text = this.match(/"(?:[^"\\]|\\.)*"/) ?? this.fail("expected a text in quotes");
    try {
      return JSON.parse(text) as string;
    } catch {
      return this.fail("a text in quotes is not well-formed");
    }
  }
  /** A number as `numberText` writes it, or a bigint with `n`. */
  number(): number | bigint {
    const text = this.match(/-?(?:inf|nan|\d+n|\d+(?:\.\d+)?(?:e[+-]?\d+)?)/) ?? this.fail("expected a number");
    if (text.endsWith("n") && text !== "nan") return BigInt(text.slice(0, -1));
    return text === "nan" ? NaN : text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
  }
  /** Items between brackets, separated by commas. */
  list<T>(open: string, close: string, item: () => T): T[] {
    this.expect(open);
    const out: T[] = [];
    if (this.take(close)) return out;
    do out.push(item());
    while (this.take(","));
    this.expect(close);
    return out;
  }
}
