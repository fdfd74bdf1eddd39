/** Keys that work everywhere in the page. */
import type { App } from "./app.ts";
import { showView, step } from "./actions.ts";
import type { View } from "./store.ts";

const views: readonly View[] = ["graph", "kernels", "buffers", "bench"];

/** What a key does, unless the user is typing. */
export function listenToKeys(app: App, target: HTMLElement): KeyEcho {
  const echo = new KeyEcho();
  target.addEventListener("keydown", (event) => {
    const typing = (event.composedPath()[0] as HTMLElement | undefined)?.matches?.("input:not([type=range]), textarea, select");
    if (typing || event.altKey) return;
    const control = event.ctrlKey || event.metaKey;
    if (event.key === "F7") {
      step(app, event.shiftKey ? -1 : 1, control);
      echo.note();
    } else if (control) return;
    else if (event.key === "j" || event.key === "n") step(app, 1, true);
    else if (event.key === "k" || event.key === "p") step(app, -1, true);
    else if (event.key >= "1" && event.key <= "4") showView(app, views[Number(event.key) - 1] as View);
    else return;
    event.preventDefault();
  });
  return echo;
}

/** The editor answers F7 with a command, also when the page has done it already: once is enough. */
export class KeyEcho {
  private steps = 0;
  private last = 0;

  note(): void {
    this.steps += 1;
    this.last = performance.now();
  }

  /** True for the command that echoes a key. */
  swallows(name: string): boolean {
    if (!/^(next|previous)-/.test(name) || this.steps === 0 || performance.now() - this.last > 500) {
      this.steps = 0;
      return false;
    }
    this.steps -= 1;
    return true;
  }
}
