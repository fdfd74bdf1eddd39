/** Stands in for VS Code when a page carries its compilation with it: replays the messages, answers for texts and bodies, says no to the rest. */
import type { PanelRequests, RequestName, ToHost, ToPage } from "#protocol";
import type { Postable } from "./host.ts";
import type { Recorded } from "./page-html.ts";
import { decodeRecorded } from "./recorded.ts";
import { unpackText, type PackedTexts } from "./recorded-texts.ts";

type Request = Extract<ToHost, { type: "request" }>;

/** @param text the compressed record; the texts lie in an element beside it */
export function recordedHost(text: string, deliver: (message: ToPage) => void): Postable {
  takeTheme();
  const record = decompressed(text) as Promise<Recorded>;
  let texts: Promise<PackedTexts> | undefined;
  const answers: { readonly [N in RequestName]?: (arg: never) => Promise<unknown> } = {
    saveState: () => Promise.resolve(null),
    dropRuns: () => Promise.resolve(null),
    openProfile: async () => ({ profile: (await record).profile ?? null }),
    benchRuns: async () => (await record).runs ?? [],
    elk: async () => ({ source: await decompressed(document.getElementById("recorded-elk")?.textContent ?? "") }),
    saveFile: (arg: PanelRequests["saveFile"]["arg"]) => Promise.resolve(download(arg)),
    body: async ({ path }: { path: string }) => (await record).bodies[path],
    text: async ({ kind, stage }: { kind: string; stage: number }) => {
      texts ??= decompressed(document.getElementById("recorded-texts")?.textContent ?? "") as Promise<PackedTexts>;
      return unpackText(await texts, `${kind}:${stage}`);
    },
  };
  const answer = async ({ id, name, arg }: Request): Promise<void> => {
    const result = await answers[name]?.(arg as never);
    if (result === undefined) deliver({ type: "error", id, error: refusal });
    else deliver({ type: "reply", id, result });
  };
  const take = async (message: ToHost): Promise<void> => {
    if (message.type === "ready") for (const recorded of (await record).messages) deliver(recorded);
    else if (message.type === "request") await answer(message);
  };
  return { postMessage: (message) => void take(message as ToHost) };
}

const refusal = {
  code: "recorded",
  message: "This page is a record: nothing can be compiled, run or read from here.",
  next: "Open the model in VS Code.",
};

/** Without a host the browser keeps the file. */
function download({ name, text, bytes }: PanelRequests["saveFile"]["arg"]): { readonly path: string } {
  const type = name.endsWith(".svg") ? "image/svg+xml" : name.endsWith(".json") ? "application/json" : "image/png";
  const url = URL.createObjectURL(new Blob([(bytes as Uint8Array<ArrayBuffer> | undefined) ?? text ?? ""], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return { path: name };
}

/** Browsers have no theme of VS Code: the page takes the one that the system asks for. */
function takeTheme(): void {
  const light = matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.classList.add(light ? "standalone-light" : "standalone-dark");
  document.body.classList.add(light ? "vscode-light" : "vscode-dark");
}

/** The value behind gzip and base64. */
async function decompressed(text: string): Promise<unknown> {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return decodeRecorded(await new Response(stream).text());
}
