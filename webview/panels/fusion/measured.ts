/** What one interleaved run of both builds says. */
import type { BenchResult } from "#protocol";
import { el } from "../../dom.ts";
import { digits, timeText } from "../../model/format.ts";
import { t } from "../../strings.ts";

/** Nothing, until both were measured. */
export function measuredBlock(result: BenchResult | undefined): HTMLElement {
  const block = el("div", { class: "what-if-measured", role: "status" });
  const other = result?.baselines["other"];
  const ratio = result?.speedup["other"];
  if (!result || !other || !ratio) return block;
  const [low, high] = ratio.ci95;
  const sure = low > 1 || high < 1;
  const verdict = !sure
    ? t("no difference that could be told from noise")
    : ratio.median > 1
      ? t("as it is now is faster")
      : t("what if is faster");
  block.append(
    el("b", {}, t("measured: {0} now, {1} what if", timeText(result.ours.medianMs), timeText(other.medianMs))),
    el("span", {}, t("what if takes {0} times as long ({1} to {2}): {3}", digits(ratio.median), digits(low), digits(high), verdict)),
    el("span", { class: "muted" }, t("both in one process, in turns; the same code against itself: {0}", digits(result.control.median))),
    ...(result.warnings ?? []).slice(0, 2).map(({ text }) => el("span", { class: "what-if-warning" }, text)),
  );
  return block;
}
