/** The IR texts as languages: hovers (operators, definitions), go to definition, all uses. */
import * as vscode from "vscode";
import type { Feature } from "../services.ts";
import { definition, isName, occurrences, wordAt, type Span } from "../text/ir-navigation.ts";

const languages = ["fusionscope-graph", "fusionscope-tensor"];

export const irLanguage: Feature = {
  activate({ context, registry }) {
    const opDoc = (op: string): string | undefined =>
      registry.documents.map(({ machine }) => machine?.opDocs[op]?.what).find((doc) => doc !== undefined);
    const highlights = (text: vscode.TextDocument, at: vscode.Position): vscode.DocumentHighlight[] =>
      uses(text, at).map((span) => new vscode.DocumentHighlight(range(span)));
    const references = (text: vscode.TextDocument, at: vscode.Position): vscode.Location[] =>
      uses(text, at).map((span) => new vscode.Location(text.uri, range(span)));
    context.subscriptions.push(
      vscode.languages.registerHoverProvider(languages, { provideHover: (text, at) => hover(text, at, opDoc) }),
      vscode.languages.registerDefinitionProvider(languages, { provideDefinition: findDefinition }),
      vscode.languages.registerReferenceProvider(languages, { provideReferences: references }),
      vscode.languages.registerDocumentHighlightProvider(languages, { provideDocumentHighlights: highlights }),
    );
  },
};

const linesOf = (text: vscode.TextDocument): string[] => text.getText().split("\n");
const range = (span: Span): vscode.Range => new vscode.Range(span.line, span.start, span.line, span.end);

function hover(text: vscode.TextDocument, at: vscode.Position, opDoc: (op: string) => string | undefined): vscode.Hover | undefined {
  const found = wordAt(text.lineAt(at.line).text, at.character);
  if (found === undefined) return undefined;
  const content = new vscode.MarkdownString();
  if (isName(found.text)) {
    const lines = linesOf(text);
    const span = definition(lines, found.text);
    if (span !== undefined) content.appendCodeblock((lines[span.line] ?? "").trim(), text.languageId);
  } else {
    const doc = opDoc(found.text);
    if (doc !== undefined) content.appendMarkdown(`**${found.text}** `).appendText(doc);
  }
  return content.value === "" ? undefined : new vscode.Hover(content, new vscode.Range(at.line, found.start, at.line, found.end));
}

function findDefinition(text: vscode.TextDocument, at: vscode.Position): vscode.Location | undefined {
  const found = wordAt(text.lineAt(at.line).text, at.character);
  const span = found !== undefined && isName(found.text) ? definition(linesOf(text), found.text) : undefined;
  return span && new vscode.Location(text.uri, range(span));
}

function uses(text: vscode.TextDocument, at: vscode.Position): Span[] {
  const found = wordAt(text.lineAt(at.line).text, at.character);
  return found !== undefined && isName(found.text) ? occurrences(linesOf(text), found.text) : [];
}
