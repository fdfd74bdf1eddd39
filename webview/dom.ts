/** Building DOM without markup: text only ever becomes text. */

type Child = Node | string | undefined | null | false;
interface Parts {
  readonly class?: string;
  readonly title?: string;
  readonly role?: string;
  readonly tabIndex?: number;
  readonly id?: string;
  readonly hidden?: boolean;
  readonly attrs?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
  readonly onClick?: (event: MouseEvent) => void;
}

/** An element with its children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  parts: Parts = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (parts.class) element.className = parts.class;
  if (parts.title) element.title = parts.title;
  if (parts.role) element.setAttribute("role", parts.role);
  if (parts.tabIndex !== undefined) element.tabIndex = parts.tabIndex;
  if (parts.id) element.id = parts.id;
  if (parts.hidden) element.hidden = true;
  for (const [name, value] of Object.entries(parts.attrs ?? {})) element.setAttribute(name, value);
  for (const [name, value] of Object.entries(parts.data ?? {})) element.dataset[name] = value;
  if (parts.onClick) element.addEventListener("click", parts.onClick as EventListener);
  append(element, children);
  return element;
}

/** Replaces what an element contains. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren();
  append(element, children);
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) if (child !== undefined && child !== null && child !== false) element.append(child);
}

const svgSpace = "http://www.w3.org/2000/svg";

/** An SVG element with attributes. */
export function svg(tag: string, attrs: Readonly<Record<string, string | number>> = {}, ...children: readonly Node[]): SVGElement {
  const element = document.createElementNS(svgSpace, tag);
  for (const [name, value] of Object.entries(attrs)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Brings an element into sight by scrolling the column around it, and nothing else: `scrollIntoView` of a page in a frame scrolls the
 * frames around it as well, and these have no bar to scroll back with.
 */
export function showInColumn(element: Element | null | undefined, where: "center" | "nearest" = "center"): void {
  let column = element?.parentElement;
  while (column && !(column.scrollHeight > column.clientHeight && /auto|scroll/.test(getComputedStyle(column).overflowY)))
    column = column.parentElement;
  if (!element || !column || column === document.body || column === document.documentElement) return;
  const [own, around] = [element.getBoundingClientRect(), column.getBoundingClientRect()];
  const inside = own.top >= around.top && own.bottom <= around.bottom;
  if (where === "nearest" && inside) return;
  column.scrollTop += own.top + own.height / 2 - (around.top + around.height / 2);
}
