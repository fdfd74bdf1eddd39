/** Opening a profile of ONNX Runtime: from the graph's menu, from the legend, or because a page carries one. */
import type { App } from "../../app.ts";

/** Asks for a profile and shows it, in the list and as colours. Rejects with the host's error. */
export async function openProfile(app: App): Promise<void> {
  const { profile } = await app.host.request("openProfile", {}).result;
  if (profile) app.store.update({ profile, colorBy: "ort", view: "graph", bodies: [] });
}
