/** Keys that work everywhere in the page. */
import type { PanelCommand } from "#protocol";
import type { App } from "./app.ts";
import { hitsShown, showView, step, stepHit } from "./actions.ts";
import { focusSearch } from "./panels/lists/index.ts";
import { lookAtFound } from "./panels/lists/search-box.ts";
import { stepChange } from "./panels/stage-text/index.ts";
import type { View } from "./store.ts";

const views: readonly View[] = ["graph", "kernels", "buffers", "bench", "fusion", "values", "compare"];

type StepName = `${"next" | "previous"}-${"pass" | "changed"}`;

/** Keys that write nothing: they work while the user is typing, too. True when it was one. */
function anywhere(app: App, event: KeyboardEvent, echo: KeyEcho): boolean {
  const control = event.ctrlKey || event.metaKey;
  const direction = event.shiftKey ? -1 : 1;
  if (event.key === "F7") {
    step(app, direction, control);
    echo.note(`${event.shiftKey ? "previous" : "next"}-${control ? "changed" : "pass"}`);
  } else if (event.key === "F3" && !control) lookAtFound(app, direction);
  else if (control && !event.shiftKey && event.key.toLowerCase() === "f") focusSearch();
  else return false;
  return true;
}

/** What letters and digits do where they are not text. */
const letters: Readonly<Record<string, (app: App) => void>> = {
  j: (app) => step(app, 1, true),
  k: (app) => step(app, -1, true),
  n: (app) => stepInside(app, 1),
  p: (app) => stepInside(app, -1),
  "/": () => focusSearch(),
};

/** Inside of a pass: over its rule hits; a pass over loops that names none has places where its text changed. */
function stepInside(app: App, direction: 1 | -1): void {
  if (hitsShown(app.store.state).length > 0 || !stepChange(direction)) stepHit(app, direction);
}

/**
 * Ctrl+A in a field, done at once: the editor around the page would answer it with a command of its own, which comes late and selects what was
 * typed meanwhile as well.
 */
function selectsAll(event: KeyboardEvent): boolean {
  const field = event.composedPath()[0];
  const asked = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "a";
  if (!asked || !(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return false;
  field.select();
  event.preventDefault();
  event.stopPropagation();
  return true;
}

export function listenToKeys(app: App, target: HTMLElement): KeyEcho {
  const echo = new KeyEcho();
  target.addEventListener("keydown", (event) => {
    if (event.altKey) return;
    if (selectsAll(event)) return;
    if (!anywhere(app, event, echo)) {
      const typing = (event.composedPath()[0] as HTMLElement | undefined)?.matches?.("input:not([type=range]), textarea, select");
      if (typing || event.ctrlKey || event.metaKey) return;
      if (event.key >= "1" && event.key <= String(views.length)) showView(app, views[Number(event.key) - 1] as View);
      else if (Object.hasOwn(letters, event.key)) letters[event.key]?.(app);
      else return;
    }
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
