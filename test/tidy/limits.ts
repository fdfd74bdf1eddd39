// Sizes, names and strings that are refused, each with its exceptions.

/** Most lines a file may have, by kind. The first pattern that matches counts. */
export const lineLimits: readonly { readonly files: RegExp; readonly lines: number }[] = [
  { files: /\.test\.ts$/, lines: 500 },
  { files: /\.(ts|mjs|cjs)$/, lines: 500 },
  { files: /^native\/.*\.(h|hpp|c|cpp)$/, lines: 500 },
  { files: /\.css$/, lines: 500 },
  { files: /^docs\/architecture\.md$/, lines: 300 },
];

/** Files that may be longer, with the reason. */
export const longFiles: Readonly<Record<string, string>> = {};

/** Names that say nothing about what is inside. */
export const emptyNames = /(^|[/._-])(utils?|helpers?|managers?|misc|v2)([/._-]|$)|(^|\/)common[/.]/i;

/** TypeScript and script files are kebab-case; ONNX operators keep the ONNX spelling. */
export const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|long|worker|host|config|d))*\.(ts|mjs|cjs|css)$/;
export const onnxSpelling = /^compiler-core\/onnx\/ops\/[A-Z]\w*(\.test)?\.ts$/;

/** Places on somebody's machine. */
export const machinePaths = /(\/home\/\w|\/Users\/\w|\/root\/|[A-Z]:\\Users\\|\/work\/|\/tmp\/\w)/;

/** Files that may show such a place, with the reason. */
export const machinePathExceptions: Readonly<Record<string, string>> = {
  "test/tidy/limits.ts": "the patterns themselves",
};
