// Two kinds of text imports, the same in bundles and in tests:
//   import source from "./layout.worker.ts?worker-text"   the bundled worker script, for a Blob worker under a strict CSP
//   import source from "elkjs/lib/elk-worker.min.js?text" a file as it is
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { build } from "esbuild";

const suffix = /\?(worker-text|text)$/;

/** An esbuild plugin. @param {{ minify?: boolean, inputs?: Set<string> }} options inputs: collects the files behind the texts */
export function textImports(options = {}) {
  /** @type {import("esbuild").Plugin} */
  const plugin = {
    name: "text-imports",
    setup(context) {
      context.onResolve({ filter: suffix }, async (args) => {
        const kind = suffix.exec(args.path)?.[1];
        const target = args.path.replace(suffix, "");
        const found = await resolveForBrowser(context, target, args);
        options.inputs?.add(found.path);
        return found.errors.length > 0 ? { errors: found.errors } : { path: found.path, namespace: `as-${kind}` };
      });
      context.onLoad({ filter: /.*/, namespace: "as-text" }, async (args) => ({
        contents: await readFile(args.path, "utf8"),
        loader: "text",
        watchFiles: [args.path],
      }));
      context.onLoad({ filter: /.*/, namespace: "as-worker-text" }, async (args) => {
        const worker = await build({
          entryPoints: [args.path],
          bundle: true,
          write: false,
          metafile: true,
          platform: "browser",
          format: "iife",
          target: "es2022",
          minify: options.minify ?? false,
          plugins: [textImports(options)],
        });
        const inputs = Object.keys(worker.metafile.inputs);
        for (const file of inputs) options.inputs?.add(file);
        return { contents: worker.outputFiles[0]?.text ?? "", loader: "text", watchFiles: inputs.map((file) => path.resolve(file)) };
      });
    },
  };
  return plugin;
}

/** Resolves as a browser bundle would, also inside test bundles, where packages are otherwise left external. */
async function resolveForBrowser(context, target, args) {
  const found = await context.resolve(target, { resolveDir: args.resolveDir, importer: args.importer, kind: args.kind });
  if (!found.external) return found;
  return { errors: [], path: createRequire(`${args.resolveDir}/`).resolve(target) };
}
