/** The first message to a page, and everything that happened before it came up. */
import type { Hello, PassInfo, ToPage } from "#protocol";
import { coded } from "../coded-error.ts";
import type { ModelDocument } from "../document/model-document.ts";

export interface HelloFacts {
  readonly trusted: boolean;
  readonly state: unknown;
  readonly strings: Readonly<Record<string, string>>;
  readonly baselines?: readonly string[];
}

export function hello(document: ModelDocument, facts: HelloFacts): Hello {
  const { machine, model } = document;
  return {
    model: model ?? { name: document.name, path: document.uri.fsPath, bytes: 0 },
    options: document.options,
    isas: [{ name: "auto", missing: [] }, ...(machine?.isas ?? [])],
    maxThreads: machine?.maxThreads ?? 1,
    dims: document.dims,
    passes: machine?.passes ?? noPasses,
    ...(model === undefined ? {} : { opsets: model.opsets }),
    ...(machine === undefined ? {} : { opDocs: machine.opDocs, ruleDocs: machine.ruleDocs }),
    trusted: facts.trusted,
    ...(document.uri.scheme === "file" ? {} : { cannotRun: notOnDisk() }),
    ...(facts.baselines === undefined ? {} : { baselines: facts.baselines }),
    state: facts.state,
    strings: facts.strings,
  };
}

const noPasses: readonly PassInfo[] = [];

const notOnDisk = (): string => coded("not-on-disk", { what: "running native code" }).info.message;

/** The newest compilation, as far as it is, in the order in which a page would have seen it. */
export function* replay(document: ModelDocument): Generator<ToPage> {
  const { generation, options, summary, failed } = document;
  yield { type: "generation", generation, options };
  for (const delta of document.stages) yield { type: "stage", generation, delta };
  if (summary !== undefined) yield { type: "summary", generation, summary };
  if (failed !== undefined) yield { type: "failed", generation, error: failed };
}
