/** The menu of what is selected in the graph: opens at the pointer, beside the selection, or below the toolbar's button. */
import type { App } from "../../app.ts";
import { enterBody } from "../../actions.ts";
import type { MenuItem } from "../../controls/index.ts";
import { bodiesOf } from "../../model/bodies.ts";
import { visible } from "../../model/format.ts";
import { t } from "../../strings.ts";
import { benchmarkItems } from "../bench/measure.ts";
import type { Following } from "./following.ts";
import { openGraphMenu, type PictureKind, type PicturePart } from "./graph-menu.ts";
import type { Notice } from "./notice.ts";
import { saveGraph } from "./save-picture.ts";
import type { StageView } from "./stage-view.ts";
import type { ViewLens } from "./view-lens.ts";

export interface MenuParts {
  readonly frame: HTMLElement;
  readonly after: StageView;
  readonly lens: ViewLens;
  readonly following: Following;
  readonly notice: Notice;
  readonly toggleWhyNot: () => void;
  readonly openProfile: () => void;
}

export function menuOfSelection(app: App, parts: MenuParts, at: { readonly x: number; readonly y: number }): void {
  const { after, lens, following } = parts;
  const { selection, attributes, summary } = app.store.state;
  const [key] = selection.nodes;
  const node = selection.nodes.length === 1 && key !== undefined ? app.shown().nodes.get(key) : undefined;
  const [body] = bodiesOf(node, summary?.sources ?? []);
  openGraphMenu(
    {
      canFollow: selection.nodes.length > 0,
      following: following.active,
      follow: (way) => following.follow(way),
      save: (kind, part) => void save(app, parts, kind, part),
      fit: () => after.view.fit(true),
      attributes: { on: attributes, toggle: () => app.store.update({ attributes: !app.store.state.attributes }) },
      benchmark: [...benchmarkItems(app), ...profileItem(app, parts)],
      ...(body ? { enter: () => void enterBody(app, body.path) } : {}),
      ...(node ? { name: visible(node.name) } : {}),
      ...(after.view.shown?.rejected.length ? { whyNot: { on: lens.whyNot, toggle: parts.toggleWhyNot } } : {}),
    },
    at,
  );
}

/** A page that stands alone has shown the profile that it carries. */
const profileItem = (app: App, { openProfile }: MenuParts): readonly MenuItem[] =>
  app.store.state.hello?.recorded ? [] : [{ label: t("Open a profile of ONNX Runtime …"), run: openProfile }];

/** Where the menu key opens it: beside what is selected. */
export function placeOfMenu(app: App, { frame, after }: MenuParts): { readonly x: number; readonly y: number } {
  const bounds = frame.getBoundingClientRect();
  const place = after.view.placeOf(app.store.state.selection.nodes[0]);
  const inside = place && place.x > 0 && place.y > 0 && place.x < bounds.width && place.y < bounds.height;
  return inside ? { x: bounds.left + place.x, y: bounds.top + place.y } : { x: bounds.left + 40, y: bounds.top + 40 };
}

/** Asks the host to keep a picture of the graph. */
async function save(app: App, { after: { view }, lens, notice }: MenuParts, kind: PictureKind, part: PicturePart): Promise<void> {
  if (!view.shown) return;
  const size = { width: view.canvas.clientWidth, height: view.canvas.clientHeight };
  await saveGraph(app, { scene: view.shown, lens: lens.of(view.shown), camera: view.camera, size }, kind, part, (text, error) =>
    notice.say(text, error),
  );
}
