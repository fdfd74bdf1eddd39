// Events and disposables as VS Code has them.

export class Disposable {
  constructor(private readonly undo: () => unknown) {}
  dispose(): void {
    this.undo();
  }
}

export class EventEmitter<T> {
  private readonly listeners = new Set<(value: T) => unknown>();
  readonly event = (listener: (value: T) => unknown, _scope?: unknown, into?: { push(one: Disposable): unknown }): Disposable => {
    this.listeners.add(listener);
    const listening = new Disposable(() => this.listeners.delete(listener));
    into?.push(listening);
    return listening;
  };
  fire(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }
  dispose(): void {
    this.listeners.clear();
  }
}
