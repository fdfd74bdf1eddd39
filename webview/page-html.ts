/** The page as one HTML text. Pure: the editor's host and the `inspect` command both use it. */
import type { BenchRun, GraphDelta, OrtProfile, ToPage } from "#protocol";

/** What a page that stands alone is made with: this file is the command's only way to the page. */
export { encodeRecorded } from "./recorded.ts";
export { packTexts, type PackedTexts } from "./recorded-texts.ts";

/** A compilation to look at without a host: the messages of its host in order, and the graphs inside of the model by their paths. */
export interface Recorded {
  readonly messages: readonly ToPage[];
  readonly bodies: Readonly<Record<string, GraphDelta>>;
  /** Stored benchmarks of it. */
  readonly runs?: readonly BenchRun[];
  /** A profile of ONNX Runtime of the model. */
  readonly profile?: OrtProfile;
}

/** What a page that stands alone carries: compressed (gzip, base64) text of `encodeRecorded`. The texts are read when one is asked for. */
export interface RecordedParts {
  /** A `Recorded`. */
  readonly record: string;
  /** `PackedTexts` */
  readonly texts: string;
  /** The script of ELK's worker. */
  readonly elk: string;
}

export interface PageParts {
  /** Fresh for every page; letters, digits, `-` and `_` only. */
  readonly nonce: string;
  /** dist/webview.js and dist/webview.css. */
  readonly script: string;
  readonly style: string;
  readonly title?: string;
  /** Words of the page in the user's language, by their English ones. */
  readonly strings?: Readonly<Record<string, string>>;
  /** Makes the page self-contained; without it the page talks to VS Code. */
  readonly recorded?: RecordedParts;
}

/** The hash of no text at all: the toolkit makes an empty style element and fills it rule by rule. */
const emptyStyle = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/** What the page may do: run its own script, workers from its own text, pictures from data; fetch nothing. */
const contentPolicy = (nonce: string): string =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}' ${emptyStyle}; img-src data:; font-src data:; worker-src blob:`;

const escapeText = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
/** Text inside a script or style element must not look like the end of it. */
const escapeScript = (text: string): string => text.replaceAll(/<(?=\/script|!--|script)/gi, "\\x3C");
const escapeStyle = (text: string): string => text.replaceAll(/<(?=\/style)/gi, "\\3C ");

const jsonText = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003C");
/** Data that no script runs. @throws RangeError for text that is not base64 */
function dataElement(id: string, nonce: string, text: string): string {
  if (!/^[\w+/=]*$/.test(text)) throw new RangeError("the record is not base64");
  return `<script type="text/plain" id="${id}" nonce="${nonce}">${text}</script>\n`;
}

/** @throws RangeError for a nonce that could break out of an attribute */
export function pageHtml({ nonce, script, style, title = "Fusionscope", strings, recorded }: PageParts): string {
  if (!/^[\w-]+$/.test(nonce)) throw new RangeError("a nonce has only letters, digits, - and _");
  const data = recorded
    ? dataElement("recorded", nonce, recorded.record) +
      dataElement("recorded-texts", nonce, recorded.texts) +
      dataElement("recorded-elk", nonce, recorded.elk)
    : "";
  const words = strings ? `<script type="application/json" id="strings" nonce="${nonce}">${jsonText(strings)}</script>\n` : "";
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(nonce)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style nonce="${nonce}">${escapeStyle(style)}</style>
</head>
<body>
<div id="root"></div>
${words}${data}<script nonce="${nonce}">${escapeScript(script)}</script>
</body>
</html>
`;
}
