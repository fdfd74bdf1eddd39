/**
 * The page of an inspector as one HTML text: script and style are inline, so that nothing is fetched while it starts. (Two
 * webviews of one type that load at once can lose their resources in VS Code 1.100.)
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { pageHtml } from "../../webview/page-html.ts";

interface Parts {
  readonly script: string;
  readonly style: string;
}

let parts: Parts | undefined;

/** @param dist folder of the bundles @param strings words in the user's language */
export function pageDocument(dist: string, strings: Readonly<Record<string, string>>): string {
  parts ??= { script: readFileSync(path.join(dist, "webview.js"), "utf8"), style: readFileSync(path.join(dist, "webview.css"), "utf8") };
  return pageHtml({ nonce: randomBytes(18).toString("base64url"), ...parts, ...(Object.keys(strings).length === 0 ? {} : { strings }) });
}
