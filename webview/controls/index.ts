/**
 * Every control of the page. The only module that knows @vscode/webview-ui-toolkit: the toolkit is no longer maintained, and its
 * replacement must be a matter of this folder.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextField,
  type Checkbox,
  type Dropdown,
  type TextField,
} from "@vscode/webview-ui-toolkit";
import { el } from "../dom.ts";
import { t } from "../strings.ts";
import { icon, type IconName } from "./icons.ts";

export { icon, type IconName };
export { openMenu, type MenuGroups, type MenuItem } from "./menu.ts";

/** Call once before anything is made. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeProgressRing(),
    vsCodeTextField(),
  );
}

export interface Control<T> {
  readonly element: HTMLElement;
  set(value: T): void;
  disable(disabled: boolean): void;
}

const custom = (tag: string): HTMLElement => document.createElement(tag);

/** A text button. The reason why it is disabled, if it is, is its tooltip. */
export function button(
  label: string,
  onClick: () => void,
  appearance: "primary" | "secondary" = "secondary",
  sign?: IconName,
): Control<string> {
  const element = custom("vscode-button");
  element.setAttribute("appearance", appearance);
  // Not a span: the toolkit gives slotted spans the size of an icon.
  const text = document.createTextNode(t(label));
  if (sign) {
    const before = el("span", { class: "slot-icon", attrs: { slot: "start" } });
    before.append(icon(sign));
    element.append(before);
  }
  element.append(text);
  element.addEventListener("click", () => !element.hasAttribute("disabled") && onClick());
  return { element, set: (value) => (text.data = t(value)), disable: (disabled) => element.toggleAttribute("disabled", disabled) };
}

/** A flat button with an icon only; its label is its tooltip and its name. */
export function iconButton(name: IconName, label: string, onClick: (event: MouseEvent) => void): HTMLButtonElement {
  const element = el("button", { class: "icon-button", title: t(label), attrs: { "aria-label": t(label), type: "button" }, onClick });
  element.append(icon(name));
  return element;
}

/** An icon button that is on or off. */
export function toggleButton(name: IconName, label: string, onClick: () => void): Control<boolean> {
  const element = iconButton(name, label, onClick);
  element.setAttribute("aria-pressed", "false");
  return {
    element,
    set: (on) => element.setAttribute("aria-pressed", String(on)),
    disable: (disabled) => (element.disabled = disabled),
  };
}

/** A plain link-like button inside text. */
export function linkButton(label: string, onClick: () => void, title?: string): HTMLButtonElement {
  return el("button", { class: "link", attrs: { type: "button" }, onClick, ...(title ? { title: t(title) } : {}) }, t(label));
}

export function checkbox(label: string, checked: boolean, onChange: (checked: boolean) => void): Control<boolean> {
  const element = custom("vscode-checkbox") as Checkbox;
  element.append(t(label));
  element.checked = checked;
  element.addEventListener("change", () => onChange(element.checked));
  return { element, set: (value) => (element.checked = value), disable: (disabled) => (element.disabled = disabled) };
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function dropdown(label: string, choices: readonly Choice[], value: string, onChange: (value: string) => void): Control<string> {
  const element = custom("vscode-dropdown") as Dropdown;
  element.setAttribute("aria-label", t(label));
  const known = choices.some((choice) => choice.value === value);
  for (const choice of known ? choices : [{ value, label: value }, ...choices]) {
    const option = custom("vscode-option");
    option.setAttribute("value", choice.value);
    option.textContent = t(choice.label);
    option.toggleAttribute("selected", choice.value === value);
    element.append(option);
  }
  element.addEventListener("change", () => onChange(element.value));
  return { element, set: (next) => (element.value = next), disable: (disabled) => (element.disabled = disabled) };
}

export function textField(label: string, value: string, onChange: (value: string) => void, size = 6): Control<string> {
  const element = custom("vscode-text-field") as TextField;
  element.setAttribute("aria-label", t(label));
  element.setAttribute("size", String(size));
  element.value = value;
  element.addEventListener("change", () => onChange(element.value));
  return { element, set: (next) => (element.value = next), disable: (disabled) => (element.disabled = disabled) };
}

/** A search field that reports every key. */
export function searchField(label: string, onInput: (value: string) => void): HTMLInputElement {
  const element = el("input", {
    class: "search",
    attrs: { type: "search", placeholder: t(label), "aria-label": t(label), spellcheck: "false" },
  });
  element.addEventListener("input", () => onInput(element.value));
  return element;
}

export function progressRing(label: string): HTMLElement {
  const element = custom("vscode-progress-ring");
  element.setAttribute("aria-label", t(label));
  return element;
}

/** One of a few, all in sight. */
export function segmented<T extends string>(
  label: string,
  choices: readonly { value: T; label: string; title?: string }[],
  onChange: (value: T) => void,
): Control<T> {
  const element = el("div", { class: "segmented", role: "radiogroup", attrs: { "aria-label": t(label) } });
  const parts = choices.map((choice) => {
    const part = el(
      "button",
      { class: "segment", role: "radio", title: t(choice.title ?? choice.label), attrs: { type: "button" } },
      t(choice.label),
    );
    part.addEventListener("click", () => onChange(choice.value));
    element.append(part);
    return part;
  });
  element.addEventListener("keydown", (event) => {
    const step =
      event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (parts.findIndex((part) => part.tabIndex === 0) + step + parts.length) % parts.length;
    onChange((choices[next] as { value: T }).value);
    parts[next]?.focus();
  });
  const set = (value: T): void =>
    parts.forEach((part, i) => {
      const chosen = choices[i]?.value === value;
      part.setAttribute("aria-checked", String(chosen));
      part.tabIndex = chosen ? 0 : -1;
    });
  return { element, set, disable: (disabled) => parts.forEach((part) => (part.disabled = disabled)) };
}

/** A slider over whole numbers. */
export function slider(
  label: string,
  onInput: (value: number) => void,
): { readonly element: HTMLInputElement; set(value: number, max: number, text: string): void } {
  const element = el("input", { class: "slider", attrs: { type: "range", min: "0", step: "1", "aria-label": t(label) } });
  element.addEventListener("input", () => onInput(Number(element.value)));
  return {
    element,
    set: (value, max, text) => {
      element.max = String(max);
      element.value = String(value);
      element.setAttribute("aria-valuetext", text);
    },
  };
}
