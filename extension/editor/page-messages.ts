/** What a page may say besides asking: the shape of each message. A page shows names from a model, so it is not trusted to be sound. */
import { shape, type ToHost } from "#protocol";

const { isRecord, listOf, members, oneOf, recordOf, text, whole } = shape;

/** Messages that are neither about a request nor about the page itself. */
export type PageEvent = Exclude<ToHost, { type: "ready" | "request" | "cancel" }>;

/** More nodes than any selection has; a page with 50,000 selects all of them. */
const mostNodes = 1_000_000;

const stage = whole(0, 100_000);
const ids = listOf(whole(0), mostNodes);
const finite: shape.Shape = (value) => Number.isFinite(value);

const events: { readonly [T in PageEvent["type"]]: shape.Shape } = {
  selected: members({ stage, nodes: ids, sources: ids }),
  stage: members({ stage }),
  painted: members({ marks: recordOf(finite, 20) }),
  "compare-end": members({ id: whole(0) }),
  log: members({ level: oneOf("info", "warn", "error"), text: text(100_000) }),
};

export const isPageEvent = (message: unknown): message is PageEvent =>
  isRecord(message) && typeof message["type"] === "string" && Object.hasOwn(events, message["type"])
    ? events[message["type"] as PageEvent["type"]](message)
    : false;
