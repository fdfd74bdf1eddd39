/** A menu at a point of the page: arrow keys, first letters, Escape; the focus goes back to where it came from. */
import { el } from "../dom.ts";

export interface MenuItem {
  readonly label: string;
  /** Shown at the right end: the key that does the same. */
  readonly key?: string;
  /** For things that are on or off. */
  readonly checked?: boolean;
  /** Why it cannot be done now; its tooltip. */
  readonly disabled?: string;
  readonly run: () => void;
}

/** Items in groups, with a line between them. */
export type MenuGroups = readonly (readonly MenuItem[])[];

let open: { readonly close: (refocus: boolean) => void } | undefined;

/** Opens a menu with its upper left corner at a point, or as near as it fits. Another one that is open is closed. */
export function openMenu(label: string, groups: MenuGroups, at: { readonly x: number; readonly y: number }): void {
  open?.close(false);
  const before = document.activeElement;
  const menu = el("div", { class: "menu", role: "menu", tabIndex: -1, attrs: { "aria-label": label } });
  const close = (refocus: boolean): void => {
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    open = undefined;
    if (refocus && before instanceof HTMLElement) before.focus({ preventScroll: true });
  };
  const outside = (event: Event): void => {
    if (!menu.contains(event.target as Node)) close(false);
  };
  groups
    .filter((group) => group.length > 0)
    .forEach((group, g) => {
      if (g > 0) menu.append(el("div", { class: "menu-line", role: "separator" }));
      for (const item of group) menu.append(menuRow(item, () => close(true)));
    });
  menu.addEventListener("keydown", (event) => moveIn(menu, event, () => close(true)));
  menu.addEventListener("contextmenu", (event) => event.preventDefault());
  document.body.append(menu);
  document.addEventListener("pointerdown", outside, true);
  open = { close };
  menu.style.left = `${Math.max(4, Math.min(at.x, innerWidth - menu.offsetWidth - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(at.y, innerHeight - menu.offsetHeight - 4))}px`;
  rowsOf(menu)[0]?.focus();
}

const rowsOf = (menu: HTMLElement): HTMLElement[] => [...menu.querySelectorAll<HTMLElement>(".menu-item")];

function menuRow(item: MenuItem, close: () => void): HTMLElement {
  const row = el(
    "div",
    {
      class: "menu-item",
      role: item.checked === undefined ? "menuitem" : "menuitemcheckbox",
      tabIndex: -1,
      ...(item.disabled ? { title: item.disabled } : {}),
      attrs: {
        ...(item.checked === undefined ? {} : { "aria-checked": String(item.checked) }),
        ...(item.disabled ? { "aria-disabled": "true" } : {}),
      },
    },
    el("span", { class: "menu-check", attrs: { "aria-hidden": "true" } }, item.checked ? "✓" : ""),
    el("span", { class: "menu-label" }, item.label),
    item.key && el("kbd", { class: "menu-key" }, item.key),
  );
  const run = (): void => {
    if (item.disabled) return;
    close();
    item.run();
  };
  row.addEventListener("click", run);
  row.addEventListener("pointermove", () => row.focus({ preventScroll: true }));
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    run();
  });
  return row;
}

function moveIn(menu: HTMLElement, event: KeyboardEvent, close: () => void): void {
  const rows = rowsOf(menu);
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const go = (to: number): void => rows[(to + rows.length) % rows.length]?.focus();
  event.stopPropagation();
  if (event.key === "ArrowDown") go(at + 1);
  else if (event.key === "ArrowUp") go(at - 1);
  else if (event.key === "Home") go(0);
  else if (event.key === "End") go(rows.length - 1);
  else if (event.key === "Escape" || event.key === "Tab") close();
  else if (event.key.length === 1) {
    const letter = event.key.toLowerCase();
    const begins = (row: HTMLElement): boolean => row.querySelector(".menu-label")?.textContent?.toLowerCase().startsWith(letter) === true;
    const next = [...rows.slice(at + 1), ...rows.slice(0, at + 1)].find(begins);
    next?.focus();
  } else return;
  event.preventDefault();
}
