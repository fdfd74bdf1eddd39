/** The variables of four of VS Code's own themes that the page uses, as the editor would set them. */

export type ThemeName = "dark" | "light" | "high-contrast" | "high-contrast-light";

const common = {
  "font-family": 'system-ui, "Ubuntu", "DejaVu Sans", sans-serif',
  "font-size": "13px",
  "editor-font-family": '"DejaVu Sans Mono", monospace',
  "editor-font-size": "13px",
};

const themes: Readonly<Record<ThemeName, Readonly<Record<string, string>>>> = {
  dark: {
    foreground: "#cccccc", "descriptionForeground": "#9d9d9d", "editor-background": "#1f1f1f", "editor-foreground": "#cccccc", "sideBar-background": "#181818",
    "panel-border": "#2b2b2b", "editorWidget-background": "#202020", "editorWidget-border": "#454545", "focusBorder": "#0078d4", "errorForeground": "#f85149",
    "list-hoverBackground": "#2a2d2e", "list-activeSelectionBackground": "#04395e", "list-activeSelectionForeground": "#ffffff", "list-inactiveSelectionBackground": "#37373d",
    "textLink-foreground": "#4daafc", "input-background": "#313131", "input-foreground": "#cccccc", "input-border": "#3c3c3c", "input-placeholderForeground": "#989898",
    "dropdown-background": "#313131", "dropdown-border": "#3c3c3c", "dropdown-foreground": "#cccccc", "button-background": "#0078d4", "button-foreground": "#ffffff",
    "button-hoverBackground": "#026ec1", "button-secondaryBackground": "#313131", "button-secondaryForeground": "#cccccc", "button-secondaryHoverBackground": "#3c3c3c",
    "checkbox-background": "#313131", "checkbox-border": "#3c3c3c", "tab-activeForeground": "#ffffff", "tab-inactiveForeground": "#9d9d9d", "tab-activeBorderTop": "#0078d4",
    "charts-blue": "#3794ff", "charts-green": "#89d185", "charts-orange": "#d18616", "charts-purple": "#b180d7", "charts-yellow": "#cca700", "charts-red": "#f14c4c",
    "fusionscope-added": "#4caf7a", "fusionscope-removed": "#e5736b", "fusionscope-changed": "#d9a441", "editorLineNumber-foreground": "#6e7681",
    "symbolIcon-functionForeground": "#b180d7", "editorHoverWidget-background": "#202020", "editorHoverWidget-border": "#454545", "editorWarning-foreground": "#cca700",
    "progressBar-background": "#0078d4", "contrastBorder": "", "minimapSlider-background": "rgba(121,121,121,0.2)", "widget-shadow": "rgba(0,0,0,0.36)",
  },
  light: {
    foreground: "#3b3b3b", "descriptionForeground": "#3b3b3b", "editor-background": "#ffffff", "editor-foreground": "#3b3b3b", "sideBar-background": "#f8f8f8",
    "panel-border": "#e5e5e5", "editorWidget-background": "#f8f8f8", "editorWidget-border": "#c8c8c8", "focusBorder": "#005fb8", "errorForeground": "#f85149",
    "list-hoverBackground": "#f2f2f2", "list-activeSelectionBackground": "#e8e8e8", "list-activeSelectionForeground": "#000000", "list-inactiveSelectionBackground": "#e4e6f1",
    "textLink-foreground": "#005fb8", "input-background": "#ffffff", "input-foreground": "#3b3b3b", "input-border": "#cecece", "input-placeholderForeground": "#767676",
    "dropdown-background": "#ffffff", "dropdown-border": "#cecece", "dropdown-foreground": "#3b3b3b", "button-background": "#005fb8", "button-foreground": "#ffffff",
    "button-hoverBackground": "#0258a8", "button-secondaryBackground": "#e5e5e5", "button-secondaryForeground": "#3b3b3b", "button-secondaryHoverBackground": "#cccccc",
    "checkbox-background": "#f8f8f8", "checkbox-border": "#cecece", "tab-activeForeground": "#3b3b3b", "tab-inactiveForeground": "#868686", "tab-activeBorderTop": "#005fb8",
    "charts-blue": "#1a85ff", "charts-green": "#388a34", "charts-orange": "#d18616", "charts-purple": "#652d90", "charts-yellow": "#bf8803", "charts-red": "#e51400",
    "fusionscope-added": "#1f7a45", "fusionscope-removed": "#b3261e", "fusionscope-changed": "#8a5a00", "editorLineNumber-foreground": "#6e7681",
    "editorHoverWidget-background": "#f8f8f8", "editorHoverWidget-border": "#c8c8c8", "editorWarning-foreground": "#bf8803", "progressBar-background": "#005fb8",
    "minimapSlider-background": "rgba(100,100,100,0.2)", "widget-shadow": "rgba(0,0,0,0.16)",
  },
  "high-contrast": {
    foreground: "#ffffff", "descriptionForeground": "rgba(255,255,255,0.7)", "editor-background": "#000000", "editor-foreground": "#ffffff", "sideBar-background": "#000000",
    "panel-border": "#6fc3df", "editorWidget-background": "#0c141f", "contrastBorder": "#6fc3df", "contrastActiveBorder": "#f38518", "focusBorder": "#f38518", "errorForeground": "#f48771",
    "textLink-foreground": "#21a6ff", "input-background": "#000000", "input-foreground": "#ffffff", "input-border": "#6fc3df", "dropdown-background": "#000000", "dropdown-border": "#6fc3df",
    "dropdown-foreground": "#ffffff", "button-foreground": "#ffffff", "button-border": "#6fc3df", "button-secondaryForeground": "#ffffff", "checkbox-background": "#000000", "checkbox-border": "#6fc3df",
    "button-background": "#000000", "list-hoverBackground": "rgba(255,255,255,0.1)", "list-activeSelectionBackground": "#000000", "list-activeSelectionForeground": "#ffffff", "list-inactiveSelectionBackground": "#000000",
    "charts-blue": "#3794ff", "charts-green": "#89d185", "charts-orange": "#d18616", "charts-purple": "#b180d7", "charts-yellow": "#ffd370", "charts-red": "#f48771",
    "fusionscope-added": "#5ef09b", "fusionscope-removed": "#ff8a80", "fusionscope-changed": "#ffd166", "tab-activeForeground": "#ffffff", "tab-inactiveForeground": "#ffffff", "editorLineNumber-foreground": "#ffffff", "editorWarning-foreground": "#ffd370",
  },
  "high-contrast-light": {
    foreground: "#292929", "descriptionForeground": "rgba(41,41,41,0.9)", "editor-background": "#ffffff", "editor-foreground": "#292929", "sideBar-background": "#ffffff",
    "panel-border": "#0f4a85", "editorWidget-background": "#ffffff", "contrastBorder": "#0f4a85", "contrastActiveBorder": "#006bbd", "focusBorder": "#006bbd", "errorForeground": "#b5200d",
    "textLink-foreground": "#0f4a85", "input-background": "#ffffff", "input-foreground": "#292929", "input-border": "#0f4a85", "dropdown-background": "#ffffff", "dropdown-border": "#0f4a85",
    "dropdown-foreground": "#292929", "button-background": "#0f4a85", "button-foreground": "#ffffff", "button-secondaryBackground": "#ffffff", "button-secondaryForeground": "#292929", "checkbox-background": "#ffffff", "checkbox-border": "#0f4a85",
    "list-hoverBackground": "rgba(15,74,133,0.1)", "list-activeSelectionBackground": "#ffffff", "list-activeSelectionForeground": "#292929", "list-inactiveSelectionBackground": "#ffffff",
    "charts-blue": "#1a85ff", "charts-green": "#374e06", "charts-orange": "#d18616", "charts-purple": "#652d90", "charts-yellow": "#895503", "charts-red": "#b5200d",
    "fusionscope-added": "#0b5d2e", "fusionscope-removed": "#8c1d18", "fusionscope-changed": "#6b4400", "tab-activeForeground": "#292929", "tab-inactiveForeground": "#292929", "editorLineNumber-foreground": "#292929", "editorWarning-foreground": "#895503",
  },
};

export const themeNames = Object.keys(themes) as ThemeName[];

/** A style sheet that sets the variables as VS Code does, on the root element. */
export function themeCss(theme: ThemeName): string {
  const variables = Object.entries({ ...common, ...themes[theme] }).map(([name, value]) => `--vscode-${name}: ${value};`);
  return `:root { ${variables.join(" ")} color-scheme: ${theme.endsWith("light") ? "light" : "dark"}; }`;
}
