/** Below the generated C++: the loops of the microkernels that it calls, in the headers of the native library. */
import type { KernelInfo } from "#protocol";
import { lastRunStage, type App } from "../../app.ts";
import { showView } from "../../actions.ts";
import { linkButton } from "../../controls/index.ts";
import { el } from "../../dom.ts";
import { goToNative } from "../kernels/index.ts";
import { kernelsCalled } from "../kernels/native-links.ts";

/** An entry of the lineage that comes into sight when the calls are known; hidden where there are none. @param kernels the first ones count */
export function innerLoopStep(app: App, kernels: readonly KernelInfo[]): HTMLElement {
  const items = el("span", { class: "lineage-items" });
  const entry = el("li", { hidden: true, data: { level: "native" } }, el("span", { class: "lineage-stage" }, "Inner loop"), items);
  const lines = new Set(kernels.flatMap(({ cppLines: [from, to] }) => Array.from({ length: to - from + 1 }, (_, i) => from + i)));
  const show = async (): Promise<void> => {
    const links = await kernelsCalled(app, await app.text("cpp", lastRunStage(app.store.state)), lines);
    for (const { name, source } of links.slice(0, 4)) {
      const go = (): void => {
        showView(app, "kernels");
        goToNative(name);
      };
      const [from, to] = source.loop?.lines ?? [source.line, source.line];
      items.append(linkButton(`${name}: ${source.loop?.file ?? source.file}, lines ${from}–${to}`, go));
    }
    entry.hidden = links.length === 0;
  };
  // Without an answer there is nothing to show.
  if (lines.size > 0 && app.store.state.hello?.recorded !== true) show().catch(() => undefined);
  return entry;
}
