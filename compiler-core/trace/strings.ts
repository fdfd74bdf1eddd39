/** A growing table of strings: columns hold indices, and each delta brings the strings that are new. */
export class StringTable {
  readonly #index = new Map<string, number>();
  #sent = 0;

  /** The index of `text`, added if it is new. */
  index(text: string): number {
    const known = this.#index.get(text);
    if (known !== undefined) return known;
    const index = this.#index.size;
    this.#index.set(text, index);
    return index;
  }

  /** The strings added since the last call, in index order. */
  takeNew(): string[] {
    const fresh = [...this.#index.keys()].slice(this.#sent);
    this.#sent = this.#index.size;
    return fresh;
  }
}
