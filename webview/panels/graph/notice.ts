/** A line over the graph, for a while; errors stay until they are closed. */
import type { ErrorInfo } from "#protocol";
import { iconButton } from "../../controls/index.ts";
import { el, fill } from "../../dom.ts";
import { visible } from "../../model/format.ts";

const noticeMs = 6000;

export class Notice {
  readonly element = el("div", { class: "graph-notice", role: "status", hidden: true });
  private timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string, error?: ErrorInfo): void {
    const close = (): void => void (this.element.hidden = true);
    this.element.hidden = false;
    this.element.classList.toggle("error", error !== undefined);
    const next = error?.next ? el("span", {}, ` ${visible(error.next)}`) : undefined;
    fill(this.element, el("span", {}, visible(text)), next, error && el("code", {}, error.code), iconButton("cross", "Close", close));
    clearTimeout(this.timer);
    if (!error) this.timer = setTimeout(close, noticeMs);
  }
}
