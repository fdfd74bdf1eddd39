/** In a narrow editor the columns at the sides fold into drawers: a button opens each over the view, one at a time. */
import { iconButton } from "./controls/index.ts";

type Name = "side" | "details";

export interface Drawers {
  /** The buttons; the style sheet shows them where there is no room for columns. */
  readonly side: HTMLButtonElement;
  readonly details: HTMLButtonElement;
  /** Call once with the frame of the page, whose `data-drawer` names the open drawer. */
  listen(shell: HTMLElement): void;
}

let openWhereFolded: ((name: Name) => void) | undefined;

/** Opens a drawer, where the columns are drawers. */
export const openDrawer = (name: Name): void => openWhereFolded?.(name);

export function makeDrawers(): Drawers {
  let shell: HTMLElement | undefined;
  const labels: Readonly<Record<Name, string>> = { side: "Passes and nodes", details: "Details" };
  const show = (name: Name | undefined): void => {
    if (!shell) return;
    if (name) shell.dataset.drawer = name;
    else delete shell.dataset.drawer;
    for (const each of ["side", "details"] as const) buttons[each].setAttribute("aria-expanded", String(each === name));
  };
  const make = (name: Name): HTMLButtonElement => {
    const button = iconButton(name === "side" ? "panelLeft" : "panelRight", labels[name], () => {
      const opens = shell?.dataset.drawer !== name;
      show(opens ? name : undefined);
      if (opens && name === "side") document.getElementById(name)?.querySelector<HTMLElement>("[role=tree], [role=listbox]")?.focus();
    });
    button.classList.add("drawer-button");
    button.setAttribute("aria-controls", name);
    button.setAttribute("aria-expanded", "false");
    return button;
  };
  const buttons = { side: make("side"), details: make("details") };
  return {
    ...buttons,
    listen: (element) => {
      shell = element;
      openWhereFolded = (name) => getComputedStyle(buttons[name]).display !== "none" && show(name);
      element.addEventListener("keydown", (event) => {
        const open = element.dataset.drawer as Name | undefined;
        if (event.key !== "Escape" || !open || !document.getElementById(open)?.contains(event.target as Node)) return;
        show(undefined);
        buttons[open].focus();
      });
    },
  };
}
