// Values of VS Code's API that only carry what they were made with.

export class TreeItem {
  constructor(
    readonly label: unknown,
    readonly collapsibleState = 0,
  ) {}
}

export class ThemeIcon {
  constructor(
    readonly id: string,
    readonly color?: unknown,
  ) {}
}

export const OverviewRulerLane = { Left: 1, Center: 2, Right: 4, Full: 7 } as const;

export class ThemeColor {
  constructor(readonly id: string) {}
}

/** Escapes as VS Code does: what markdown and its icons would take for marks. */
export class MarkdownString {
  isTrusted?: boolean;
  supportHtml?: boolean;
  constructor(
    public value = "",
    public supportThemeIcons = false,
  ) {}
  appendText(text: string): this {
    this.value += text.replace(/[\\`*_{}[\]()#+\-!~|<>$&]/g, "\\$&").replace(/\n/g, "\n\n");
    return this;
  }
  appendMarkdown(text: string): this {
    this.value += text;
    return this;
  }
  appendCodeblock(code: string, language = ""): this {
    const longest = Math.max(2, ...(code.match(/`+/g) ?? []).map((ticks) => ticks.length));
    const fence = "`".repeat(longest + 1);
    this.value += `\n${fence}${language}\n${code}\n${fence}\n`;
    return this;
  }
}

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}

export class Range {
  readonly start: Position;
  readonly end: Position;
  constructor(line: number, column: number, endLine: number, endColumn: number) {
    this.start = new Position(line, column);
    this.end = new Position(endLine, endColumn);
  }
}

export class Selection {
  constructor(
    readonly anchor: Position,
    readonly active: Position,
  ) {}
}

export class Location {
  constructor(
    readonly uri: unknown,
    readonly range: unknown,
  ) {}
}

export class Hover {
  constructor(
    readonly contents: unknown,
    readonly range: unknown,
  ) {}
}

export class DocumentHighlight {
  constructor(readonly range: unknown) {}
}

export class DocumentSymbol {
  children: DocumentSymbol[] = [];
  constructor(
    readonly name: string,
    readonly detail: string,
    readonly kind: number,
    readonly range: Range,
    readonly selectionRange: Range,
  ) {}
}

export class FoldingRange {
  constructor(
    readonly start: number,
    readonly end: number,
    readonly kind?: number,
  ) {}
}

export class Diagnostic {
  source?: string;
  code?: unknown;
  constructor(
    readonly range: unknown,
    readonly message: string,
    readonly severity: number,
  ) {}
}

export class RelativePattern {
  constructor(
    readonly base: unknown,
    readonly pattern: string,
  ) {}
}

export class TabInputText {}
export class TabInputTextDiff {}
export class TabInputCustom {}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const StatusBarAlignment = { Left: 1, Right: 2 };
export const ProgressLocation = { Window: 10, Notification: 15 };
export const DiagnosticSeverity = { Error: 0, Warning: 1, Information: 2, Hint: 3 };
export const TextEditorRevealType = { AtTop: 3 };
export const FoldingRangeKind = { Comment: 1, Imports: 2, Region: 3 };
export const SymbolKind = {
  Module: 1,
  Namespace: 2,
  Function: 11,
  Variable: 12,
  Constant: 13,
  Array: 17,
  Object: 18,
  Operator: 24,
  Struct: 22,
  Event: 23,
};
