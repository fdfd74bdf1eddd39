// Which folder may import what. Layers meet only at the doors of package.json's "imports".

export interface Layer {
  readonly name: string;
  readonly files: RegExp;
  /** Other layers that may be imported by relative path. */
  readonly relative?: readonly string[];
  /** Doors: #core, #core/io, #core/messages, #protocol. */
  readonly doors?: readonly string[];
  /** Packages, and "node:" for Node's own modules. */
  readonly packages?: readonly string[];
}

/** The first layer that matches a path is its layer. */
export const layers: readonly Layer[] = [
  { name: "tests", files: /\.test\.ts$|^test\//, relative: ["*"], doors: ["*"], packages: ["*"] },
  { name: "protocol", files: /^compiler-core\/protocol\// },
  { name: "cli", files: /^compiler-core\/cli(\/|\.ts$)/, relative: ["core", "io", "protocol"], doors: ["*"], packages: ["node:"] },
  { name: "io", files: /^compiler-core\/io\//, relative: ["core", "protocol"], doors: ["#core", "#protocol"], packages: ["node:"] },
  { name: "core", files: /^compiler-core\//, relative: ["protocol"], doors: ["#protocol"] },
  { name: "extension", files: /^extension\//, doors: ["*"], packages: ["node:", "vscode"] },
  {
    name: "controls",
    files: /^webview\/controls\//,
    relative: ["webview"],
    doors: ["#protocol"],
    packages: ["@vscode/webview-ui-toolkit"],
  },
  { name: "webview", files: /^webview\//, relative: ["controls"], doors: ["#protocol"], packages: ["d3", "elkjs"] },
  { name: "scripts", files: /^(scripts\/|bin\/|esbuild\.mjs|eslint\.config\.mjs)/, relative: ["tests"], packages: ["*"] },
];

/** Single files that other layers may import, with the reason. */
export const sharedFiles: Readonly<Record<string, { readonly by: readonly string[]; readonly why: string }>> = {
  "webview/page-html.ts": {
    by: ["extension", "cli", "io"],
    why: "the document around the page: text only, the same in the editor and in a saved file",
  },
};

/** The list whose entries are the passes. Passes do not import each other; what two of them share is a file of its own. */
export const pipelineFile = "compiler-core/pipeline.ts";
