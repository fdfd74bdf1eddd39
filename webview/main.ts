/** Entry of the inspector page. */
import type { ToPage } from "#protocol";
import "./styles/page.css";
import { App } from "./app.ts";
import { registerControls } from "./controls/index.ts";
import { el } from "./dom.ts";
import { readTheme, watchTheme } from "./draw/theme.ts";
import { FirstPicture } from "./first-picture.ts";
import { Host, type Postable } from "./host.ts";
import { provideElk } from "./layout/elk.ts";
import { listenToKeys } from "./keyboard.ts";
import { recordedHost } from "./recorded-host.ts";
import { receive } from "./receive.ts";
import { keepState } from "./saved-state.ts";
import { keepSearching } from "./search/session.ts";
import { buildShell } from "./shell.ts";
import { mark, marks } from "./start-marks.ts";
import { Store } from "./store.ts";
import { readStrings } from "./strings.ts";

declare function acquireVsCodeApi(): Postable;

/** After so many ms without a word of the host it is told once more that the page is there: what it said may have met the page before. */
const unheardMs = 3000;

function start(root: HTMLElement): void {
  mark("script");
  readStrings(document);
  registerControls();
  const speaker = el("div", { class: "for-readers", role: "status", attrs: { "aria-live": "polite" } });
  const unheard = setTimeout(() => {
    app.host.send({ type: "ready" });
    shell.catchUp();
  }, unheardMs);
  const first = new FirstPicture(
    (message) => receive(app, message, echo),
    (changes) => app.store.together(changes),
    () => shell.catchUp(),
  );
  const deliver = (message: ToPage): void => {
    clearTimeout(unheard);
    first.deliver(message);
  };
  const embedded = document.getElementById("recorded");
  const api = embedded ? recordedHost(embedded.textContent ?? "", deliver) : acquireVsCodeApi();
  const app = new App(new Store(), new Host(api), readTheme(document.body), (text) => (speaker.textContent = text));
  app.onFirstPicture = () => {
    first.painted();
    app.host.send({ type: "painted", marks: marks() });
  };
  app.drawsFirst = () => first.isDrawn;
  keepSearching(app); // before the panels: what they show is up to date
  const shell = buildShell(app);
  root.append(shell.element, speaker);
  const echo = listenToKeys(app, document.body);
  watchTheme(document.body, (theme) => {
    app.theme = theme;
    shell.repaint(theme);
  });
  keepState(app);
  provideElk(async () => (await app.host.request("elk", {}).result).source);
  window.addEventListener("message", (event: MessageEvent<ToPage>) => deliver(event.data));
  window.addEventListener("error", (event) => app.host.send({ type: "log", level: "error", text: event.message }));
  window.addEventListener("unhandledrejection", (event) => app.host.send({ type: "log", level: "error", text: String(event.reason) }));
  document.body.dataset.ready = "true";
  mark("ready");
  app.host.send({ type: "ready" });
}

const root = document.getElementById("root");
if (root) start(root);
