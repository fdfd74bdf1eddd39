/** Keys that work everywhere in the page. */
import type { PanelCommand } from "#protocol";
import type { App } from "./app.ts";
import { showView, step } from "./actions.ts";
import type { View } from "./store.ts";

const views: readonly View[] = ["graph", "kernels", "buffers", "bench"];

type StepName = `${"next" | "previous"}-${"pass" | "changed"}`;

/** What a key does, unless the user is typing. */
export function listenToKeys(app: App, target: HTMLElement): KeyEcho {
  const echo = new KeyEcho();
  target.addEventListener("keydown", (event) => {
    const typing = (event.composedPath()[0] as HTMLElement | undefined)?.matches?.("input:not([type=range]), textarea, select");
    if (typing || event.altKey) return;
    const control = event.ctrlKey || event.metaKey;
    if (event.key === "F7") {
      step(app, event.shiftKey ? -1 : 1, control);
      echo.note(`${event.shiftKey ? "previous" : "next"}-${control ? "changed" : "pass"}`);
    } else if (control) return;
    else if (event.key === "j" || event.key === "n") step(app, 1, true);
    else if (event.key === "k" || event.key === "p") step(app, -1, true);
    else if (event.key >= "1" && event.key <= "4") showView(app, views[Number(event.key) - 1] as View);
    else return;
    event.preventDefault();
  });
  return echo;
}

/** A key whose command has not come by then was not the editor's: somebody took the key away from the command. */
const echoLimitMs = 30_000;

/**
 * The editor answers F7 with a command, also when the page has carried it out already: once is enough. The command may come much
 * later than the key, so it says that it is the answer to one.
 */
export class KeyEcho {
  private pending: { readonly name: string; readonly at: number }[] = [];

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** The page has carried out a key. */
  note(name: StepName): void {
    this.pending.push({ name, at: this.now() });
  }

  /** True for the command that answers a key which was noted. */
  swallows(command: PanelCommand): boolean {
    if (!("key" in command) || command.key !== true) return false;
    this.pending = this.pending.filter(({ at }) => this.now() - at <= echoLimitMs);
    const found = this.pending.findIndex(({ name }) => name === command.name);
    if (found >= 0) this.pending.splice(found, 1);
    return found >= 0;
  }
}
