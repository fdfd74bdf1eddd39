/** Colours and fonts of the editor for drawing on canvases, read from --vscode-* variables again whenever the theme changes. */

export type ThemeKind = "dark" | "light" | "high-contrast" | "high-contrast-light";

export interface Theme {
  readonly kind: ThemeKind;
  readonly highContrast: boolean;
  readonly dark: boolean;
  readonly reducedMotion: boolean;
  readonly background: string;
  readonly foreground: string;
  readonly muted: string;
  readonly card: string;
  readonly cardBorder: string;
  readonly focus: string;
  readonly edge: string;
  readonly added: string;
  readonly changed: string;
  readonly removed: string;
  readonly warning: string;
  /** By `Category`. */
  readonly category: readonly string[];
  /** Hulls of groups take turns. */
  readonly groups: readonly string[];
  /** Classes that are not kinds of ops: told apart by colour-blind people, too (after Okabe and Ito). */
  readonly palette: readonly string[];
  /** From little to much, in even steps of lightness. */
  readonly ramp: readonly string[];
  /** What a search found. */
  readonly found: string;
  readonly font: string;
  readonly mono: string;
}

const darkPalette = ["#56b4e9", "#e69f00", "#2fc59a", "#f0e442", "#e87d3e", "#d98bbb", "#9aa2ea"];
const lightPalette = ["#0072b2", "#b06f00", "#007a58", "#7d7200", "#c04d00", "#a3487e", "#4753a8"];
const darkRamp = ["#33507f", "#3a6a90", "#45859a", "#5a9f97", "#80b788", "#b6cb72", "#f5dc5e"];
const lightRamp = ["#c3dcb4", "#9cc8a4", "#72b199", "#4b9691", "#337a86", "#265c78", "#1b3c63"];

const kinds: readonly (readonly [string, ThemeKind])[] = [
  ["vscode-high-contrast-light", "high-contrast-light"],
  ["vscode-high-contrast", "high-contrast"],
  ["vscode-light", "light"],
];

/** Reads the theme of the page as it is now. */
export function readTheme(body: HTMLElement): Theme {
  const style = getComputedStyle(body);
  const kind = kinds.find(([name]) => body.classList.contains(name))?.[1] ?? "dark";
  const dark = kind === "dark" || kind === "high-contrast";
  const highContrast = kind.startsWith("high");
  const pick = (names: string, otherwise: string): string =>
    names
      .split(" ")
      .map((name) => style.getPropertyValue(`--vscode-${name}`).trim())
      .find((value) => value !== "" && value !== "transparent") ?? otherwise;
  const foreground = pick("foreground editor-foreground", dark ? "#cccccc" : "#3b3b3b");
  const background = pick("editor-background", dark ? "#1f1f1f" : "#ffffff");
  const contrast = pick("contrastBorder", foreground);
  const chart = {
    blue: pick("charts-blue", dark ? "#3794ff" : "#1a85ff"),
    green: pick("charts-green", dark ? "#89d185" : "#388a34"),
    orange: pick("charts-orange", dark ? "#d18616" : "#b86a00"),
    purple: pick("charts-purple", dark ? "#b180d7" : "#652d90"),
    yellow: pick("charts-yellow", dark ? "#cca700" : "#8f6a00"),
    red: pick("charts-red", dark ? "#f14c4c" : "#c72e2e"),
  };
  const muted = pick("descriptionForeground", foreground);
  return {
    kind,
    highContrast,
    dark,
    reducedMotion: body.classList.contains("vscode-reduce-motion") || matchMedia("(prefers-reduced-motion: reduce)").matches,
    background,
    foreground,
    muted: highContrast ? foreground : muted,
    card: highContrast ? background : pick("editorWidget-background sideBar-background", dark ? "#252526" : "#f8f8f8"),
    cardBorder: highContrast ? contrast : pick("editorWidget-border widget-border panel-border", dark ? "#454545" : "#c8c8c8"),
    focus: highContrast ? pick("contrastActiveBorder focusBorder", "#f38518") : pick("focusBorder", "#0078d4"),
    edge: highContrast ? foreground : dark ? "#7a7f87" : "#8d939b",
    added: pick("fusionscope-added gitDecoration-addedResourceForeground charts-green", chart.green),
    changed: pick("fusionscope-changed gitDecoration-modifiedResourceForeground charts-blue", chart.blue),
    removed: pick("fusionscope-removed gitDecoration-deletedResourceForeground charts-red", chart.red),
    warning: pick("editorWarning-foreground charts-orange", chart.orange),
    category: [
      pick("fusionscope-opMatmul", chart.blue),
      pick("fusionscope-opElementwise", chart.green),
      pick("fusionscope-opReduce", chart.orange),
      pick("fusionscope-opData", chart.purple),
      pick("fusionscope-opConstant", chart.yellow),
      pick("fusionscope-opOther", muted),
      pick("fusionscope-hole editorWarning-foreground charts-orange", chart.orange),
      foreground,
    ],
    // Not red: it means removed.
    groups: [chart.blue, chart.orange, chart.purple, chart.green, chart.yellow],
    palette: dark ? darkPalette : lightPalette,
    ramp: dark ? darkRamp : lightRamp,
    found: pick("editorOverviewRuler-findMatchForeground", dark ? "#e8a33d" : "#a35a00").replace(/^(#[0-9a-f]{6})[0-9a-f]{2}$/i, "$1"),
    font: pick("font-family", "system-ui, sans-serif"),
    mono: pick("editor-font-family", "ui-monospace, monospace"),
  };
}

/** Calls back with the new theme when the editor changes it or the user's wish for less motion. */
export function watchTheme(body: HTMLElement, changed: (theme: Theme) => void): void {
  const read = (): void => changed(readTheme(body));
  const observer = new MutationObserver(read);
  observer.observe(body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-kind", "data-vscode-theme-id"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style", "class"] });
  matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", read);
}
