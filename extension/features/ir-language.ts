/** The IR texts as languages: hovers (operators, definitions), go to definition, all uses, outline, folding. */
import * as vscode from "vscode";
import { nativeNameAt, type DocRow, type OpDoc } from "#protocol";
import type { Feature, Services } from "../services.ts";
import { definition, isName, occurrences, wordAt, type Span } from "../text/ir-navigation.ts";
import { headerUri } from "../text/open-text.ts";
import { parseVirtual, scheme } from "../text/stage-uri.ts";
import { folds, outline, type OutlineItem, type OutlineKind } from "../text/ir-outline.ts";

const generatedCpp: vscode.DocumentFilter = { scheme, language: "cpp" };
const languages = ["fusionscope-graph", "fusionscope-tensor"];

const symbolKinds: Readonly<Record<OutlineKind, vscode.SymbolKind>> = {
  module: vscode.SymbolKind.Module,
  part: vscode.SymbolKind.Namespace,
  input: vscode.SymbolKind.Variable,
  node: vscode.SymbolKind.Operator,
  group: vscode.SymbolKind.Object,
  buffer: vscode.SymbolKind.Array,
  region: vscode.SymbolKind.Object,
  loop: vscode.SymbolKind.Struct,
  kernel: vscode.SymbolKind.Function,
  branch: vscode.SymbolKind.Event,
};

export const irLanguage: Feature = {
  activate(services) {
    const { context, registry } = services;
    const opDoc = (op: string): OpDoc | undefined =>
      registry.documents.map(({ machine }) => machine?.opDocs[op]).find((doc) => doc !== undefined);
    const highlights = (text: vscode.TextDocument, at: vscode.Position): vscode.DocumentHighlight[] =>
      uses(text, at).map((span) => new vscode.DocumentHighlight(range(span)));
    const references = (text: vscode.TextDocument, at: vscode.Position): vscode.Location[] =>
      uses(text, at).map((span) => new vscode.Location(text.uri, range(span)));
    const { languages: register } = vscode;
    context.subscriptions.push(
      register.registerHoverProvider(languages, { provideHover: (text, at) => hover(text, at, opDoc) }),
      register.registerDefinitionProvider(languages, { provideDefinition: findDefinition }),
      register.registerDefinitionProvider(generatedCpp, { provideDefinition: (text, at) => headerOf(services, text, at) }),
      register.registerReferenceProvider(languages, { provideReferences: references }),
      register.registerDocumentHighlightProvider(languages, { provideDocumentHighlights: highlights }),
      register.registerDocumentSymbolProvider(languages, {
        provideDocumentSymbols: (text) => outline(linesOf(text)).map((item) => symbol(text, item)),
      }),
      register.registerFoldingRangeProvider(languages, {
        provideFoldingRanges: (text) => folds(linesOf(text)).map(([first, last]) => new vscode.FoldingRange(first, last)),
      }),
    );
  },
};

const linesOf = (text: vscode.TextDocument): string[] => text.getText().split("\n");
const range = (span: Span): vscode.Range => new vscode.Range(span.line, span.start, span.line, span.end);

function symbol(text: vscode.TextDocument, { kind, name, detail, line, last, children }: OutlineItem): vscode.DocumentSymbol {
  const end = text.lineAt(last).range.end;
  const made = new vscode.DocumentSymbol(
    name,
    detail,
    symbolKinds[kind],
    new vscode.Range(line, 0, end.line, end.character),
    text.lineAt(line).range,
  );
  made.children = children.map((child) => symbol(text, child));
  return made;
}

function hover(text: vscode.TextDocument, at: vscode.Position, opDoc: (op: string) => OpDoc | undefined): vscode.Hover | undefined {
  const found = wordAt(text.lineAt(at.line).text, at.character);
  if (found === undefined) return undefined;
  const content = isName(found.text) ? aboutName(text, found.text) : aboutOperator(found.text, opDoc(found.text));
  return content && new vscode.Hover(content, new vscode.Range(at.line, found.start, at.line, found.end));
}

/** The line that defines a name, and how often it is used. Names come from a model: a code block takes them as text. */
function aboutName(text: vscode.TextDocument, name: string): vscode.MarkdownString | undefined {
  const lines = linesOf(text);
  const span = definition(lines, name);
  if (span === undefined) return undefined;
  const others = occurrences(lines, name).length - 1;
  const used = others === 1 ? vscode.l10n.t("used once") : vscode.l10n.t("used {0} times", others);
  const line = (lines[span.line] ?? "").trim();
  return new vscode.MarkdownString()
    .appendCodeblock(line.length > 1000 ? `${line.slice(0, 1000)} …` : line, text.languageId)
    .appendText(vscode.l10n.t("line {0}, {1}", span.line + 1, others === 0 ? vscode.l10n.t("not used") : used));
}

function aboutOperator(name: string, doc: OpDoc | undefined): vscode.MarkdownString | undefined {
  if (doc === undefined) return undefined;
  const content = new vscode.MarkdownString(`**${name}** `).appendText(doc.what);
  const list = (title: string, rows: readonly DocRow[]): void => {
    if (rows.length === 0) return;
    content.appendMarkdown("\n\n_").appendText(title).appendMarkdown("_\n");
    for (const [part, what] of rows) content.appendMarkdown(`\n- \`${part}\` `).appendText(what);
  };
  list(vscode.l10n.t("Operands"), doc.operands);
  list(vscode.l10n.t("Results"), doc.results);
  list(vscode.l10n.t("Attributes"), doc.attributes);
  return content;
}

function findDefinition(text: vscode.TextDocument, at: vscode.Position): vscode.Location | undefined {
  const found = wordAt(text.lineAt(at.line).text, at.character);
  const span = found !== undefined && isName(found.text) ? definition(linesOf(text), found.text) : undefined;
  return span && new vscode.Location(text.uri, range(span));
}

/** From a call in generated C++ to the function of the native library, which lies in the package. */
async function headerOf(
  { registry, dist }: Services,
  text: vscode.TextDocument,
  at: vscode.Position,
): Promise<vscode.Location | undefined> {
  const name = nativeNameAt(text.lineAt(at.line).text, at.character);
  const model = parseVirtual(text.uri.query)?.model;
  if (name === undefined || model === undefined) return undefined;
  const document = registry.acquire(vscode.Uri.parse(model));
  try {
    const found = await document.nativeSource({ name });
    return found === null ? undefined : new vscode.Location(headerUri(dist, found.file), new vscode.Position(found.line - 1, 0));
  } finally {
    registry.release(document);
  }
}

function uses(text: vscode.TextDocument, at: vscode.Position): Span[] {
  const found = wordAt(text.lineAt(at.line).text, at.character);
  return found !== undefined && isName(found.text) ? occurrences(linesOf(text), found.text) : [];
}
