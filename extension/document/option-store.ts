/** Options chosen for single models, kept over restarts of the window. Only what differs from the settings is kept. */
import type { PanelOptions } from "#protocol";

/** The part of `vscode.Memento` that is used. */
export interface Memory {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): Thenable<void>;
}

export class OptionStore {
  constructor(private readonly memory: Memory) {}

  /** `defaults` with what was chosen for the model before. */
  read(model: string, defaults: PanelOptions): PanelOptions {
    return { ...defaults, ...this.memory.get<Partial<PanelOptions>>(key(model)) };
  }

  write(model: string, options: PanelOptions, defaults: PanelOptions): void {
    const names = Object.keys(defaults) as (keyof PanelOptions)[];
    const chosen = names.filter((name) => JSON.stringify(options[name]) !== JSON.stringify(defaults[name]));
    const kept = Object.fromEntries(chosen.map((name) => [name, options[name]]));
    void this.memory.update(key(model), chosen.length === 0 ? undefined : kept);
  }
}

const key = (model: string): string => `options:${model}`;
