/** A header of the native library in the place of the C++ that calls it: the loop that the generated code does not show. */
import type { NativeSource, TextReply } from "#protocol";
import type { App } from "../../app.ts";
import { linkButton } from "../../controls/index.ts";
import { fill } from "../../dom.ts";
import { errorInfo } from "../../host.ts";
import { CodeView, type CodeEvents } from "./code-view.ts";
import { instructionsOf, nativeSource, placeOf } from "./native-links.ts";

type Loop = NonNullable<NativeSource["loop"]>;

export class HeaderColumn {
  readonly view: CodeView;
  private shown: NativeSource | undefined;
  private marked: ReadonlySet<number> = new Set();
  private lit: ReadonlySet<number> = new Set();

  /** @param changed it is there now, or gone */
  constructor(
    private readonly app: App,
    events: CodeEvents,
    private readonly changed: () => void,
  ) {
    this.view = new CodeView("header", events);
  }

  get isOpen(): boolean {
    return this.shown !== undefined;
  }

  /** Shows the inner loop of a function; of a function without one, the function. */
  async open(name: string): Promise<void> {
    const found = await nativeSource(this.app, { name });
    if (found === undefined) return this.app.announce(`The source of fs::${name} is not here.`);
    await this.go(name, found, found.loop ?? { file: found.file, lines: [found.line, found.line] });
  }

  close(): void {
    this.shown = undefined;
    this.lit = new Set();
    this.changed();
  }

  private async go(name: string, of: NativeSource, { file, lines: [first, last] }: Loop): Promise<void> {
    const whole = file === of.file ? of : await nativeSource(this.app, { file });
    if (whole === undefined) return;
    this.shown = whole;
    this.marked = new Set(Array.from({ length: last - first + 1 }, (_, i) => first + i));
    this.view.show({ lines: whole.lines }, `${file}: ${name}`);
    const { loop } = of;
    fill(
      this.view.links,
      linkButton("function", () => void this.go(name, of, { file: of.file, lines: [of.line, of.line] }), `${of.file}:${of.line}`),
      loop && linkButton("inner loop", () => void this.go(name, of, loop), `${loop.file}, lines ${loop.lines.join("–")}`),
      linkButton("back to C++", () => this.close()),
    );
    this.changed();
    this.view.light(this.lit, this.marked);
    this.view.reveal(first);
  }

  /** Opens what is shown in an editor, at the line that is marked. */
  edit(): void {
    if (!this.shown) return;
    this.app.host
      .request("openHeader", { file: this.shown.file, line: this.view.firstLit ?? 1 })
      .result.catch((error: unknown) => this.app.announce(errorInfo(error).message));
  }

  /** Lights the line that an instruction comes from; none: puts the light out. */
  lightFor(asm: TextReply | undefined, line: number | undefined): void {
    const place = line === undefined ? undefined : placeOf(asm, line);
    this.lit = new Set(place !== undefined && place.file === this.shown?.file ? [place.line] : []);
    if (this.isOpen) this.view.light(this.lit, this.marked);
  }

  /** Instructions that come from a line of what is shown. A line of the loop's head stands for all of the loop. */
  instructions(asm: TextReply | undefined, line: number): ReadonlySet<number> {
    if (!this.shown) return new Set();
    const own = instructionsOf(asm, this.shown.file, line, line);
    if (own.size > 0 || !this.marked.has(line)) return own;
    return instructionsOf(asm, this.shown.file, Math.min(...this.marked), Math.max(...this.marked));
  }
}
