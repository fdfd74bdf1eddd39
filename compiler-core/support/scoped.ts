/** A table with scopes: an inner one sees what the outer ones hold, and what it adds goes with it. Entering a scope copies nothing. */
export class Scoped<K, V> {
  readonly #own = new Map<K, V>();

  constructor(readonly outer?: Scoped<K, V>) {}

  get(key: K): V | undefined {
    return this.#own.get(key) ?? this.outer?.get(key);
  }

  has(key: K): boolean {
    return this.#own.has(key) || this.outer?.has(key) === true;
  }

  set(key: K, value: V): void {
    this.#own.set(key, value);
  }

  inner(): Scoped<K, V> {
    return new Scoped(this);
  }
}
