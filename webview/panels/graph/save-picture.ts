/** Pictures of the graph as files: SVG with real text, PNG drawn in pieces. The page makes them, the host asks where to put them. */
import type { ErrorInfo } from "#protocol";
import type { App } from "../../app.ts";
import { drawGraph } from "../../draw/graph.ts";
import type { Lens } from "../../draw/lens.ts";
import { encodePng } from "../../draw/png.ts";
import { Detail, type Camera, type Scene } from "../../draw/scene.ts";
import { SvgSheet, type WrittenText } from "../../draw/svg-sheet.ts";
import type { Theme } from "../../draw/theme.ts";
import { errorInfo, HostError } from "../../host.ts";
import { visible } from "../../model/format.ts";
import type { PictureKind, PicturePart } from "./graph-menu.ts";

export interface Sitter {
  readonly scene: Scene;
  readonly lens: Lens;
  readonly camera: Camera;
  readonly size: { readonly width: number; readonly height: number };
}

interface Shot {
  readonly camera: Camera;
  readonly width: number;
  readonly height: number;
  /** The whole graph is written out, however small it looks. */
  readonly detail?: Detail;
}

/** Space around a whole graph. */
const margin = 24;
/** Pixels of a PNG: more would take gigabytes to open. */
const mostPixels = 160e6;
/** Whole graphs are not made smaller than this: nobody could read them. */
const leastScale = 0.6;
/** PNG pieces: lines of a band, columns of a tile. */
const [bandLines, tileColumns] = [512, 4096];

function shotOf({ scene, camera, size }: Sitter, part: PicturePart, scale: number): Shot {
  if (part === "view")
    return {
      camera: { x: camera.x * scale, y: camera.y * scale, k: camera.k * scale },
      width: size.width * scale,
      height: size.height * scale,
    };
  const { left, top, width, height } = scene.placement;
  return {
    camera: { x: (margin - left) * scale, y: (margin - top) * scale, k: scale },
    width: (width + 2 * margin) * scale,
    height: (height + 2 * margin) * scale,
    detail: Detail.Shapes,
  };
}

/** Width of texts, by a canvas that is never shown. */
function ruler(): (font: string, text: string) => number {
  const ctx = document.createElement("canvas").getContext("2d");
  return (font, text) => {
    if (!ctx) return text.length * 7;
    ctx.font = font;
    return ctx.measureText(text).width;
  };
}

/** The graph as an SVG document, and the texts in it. */
function svgPicture(
  sitter: Sitter,
  part: PicturePart,
  theme: Theme,
  title: string,
): { readonly text: string; readonly texts: readonly WrittenText[] } {
  const { camera, width, height, detail } = shotOf(sitter, part, 1);
  const sheet = new SvgSheet(ruler());
  drawGraph(sheet, sitter.scene, { camera, width, height, theme, lens: sitter.lens, ...(detail === undefined ? {} : { detail }) });
  return { text: sheet.document(width, height, theme.background, title), texts: sheet.texts };
}

/** How large a picture is drawn that is wanted `wanted` times as large as it is. @throws HostError `picture-too-large` */
export function pictureScale(width: number, height: number, wanted: number): number {
  const scale = Math.min(wanted, Math.sqrt(mostPixels / (width * height)));
  if (scale < leastScale) throw tooLarge(width, height);
  return scale;
}

/** The graph as a PNG file. @throws HostError `picture-too-large` */
async function pngPicture(sitter: Sitter, part: PicturePart, theme: Theme): Promise<Uint8Array> {
  const { width, height } = shotOf(sitter, part, 1);
  const scale = pictureScale(width, height, part === "view" ? Math.max(1, devicePixelRatio) : 2);
  const shot = shotOf(sitter, part, scale);
  const [columns, lines] = [Math.max(1, Math.ceil(shot.width)), Math.max(1, Math.ceil(shot.height))];
  const canvas = document.createElement("canvas");
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  if (!ctx) throw new Error("This page has no canvas.");
  return encodePng(columns, lines, bandLines, (top, count) => {
    const band = new Uint8ClampedArray(4 * columns * count);
    for (let left = 0; left < columns; left += tileColumns) {
      const across = Math.min(tileColumns, columns - left);
      [canvas.width, canvas.height] = [across, count];
      ctx.fillStyle = theme.background;
      ctx.fillRect(0, 0, across, count);
      const camera = { ...shot.camera, x: shot.camera.x - left, y: shot.camera.y - top };
      drawGraph(ctx, sitter.scene, {
        camera,
        width: across,
        height: count,
        theme,
        lens: sitter.lens,
        ...(shot.detail === undefined ? {} : { detail: shot.detail }),
      });
      const { data } = ctx.getImageData(0, 0, across, count);
      for (let line = 0; line < count; line += 1)
        band.set(data.subarray(4 * across * line, 4 * across * (line + 1)), 4 * (columns * line + left));
    }
    return band;
  });
}

const tooLarge = (width: number, height: number): HostError =>
  new HostError({
    code: "picture-too-large",
    message: `The whole graph is ${Math.round(width)} × ${Math.round(height)} pixels: a PNG of it would have more than ${mostPixels / 1e6} million.`,
    next: "Save it as SVG, fold it first, or save what is in view.",
  });

/** Makes the picture and hands it to the host, which asks for a place. What goes wrong is said, with its code. */
export async function saveGraph(
  app: App,
  sitter: Sitter,
  kind: PictureKind,
  part: PicturePart,
  say: (text: string, error?: ErrorInfo) => void,
): Promise<void> {
  const { hello, stage } = app.store.state;
  const model = visible(hello?.model.name ?? "graph").replace(/\.onnx$/i, "");
  const name = `${model.replaceAll(/[^\w.-]+/g, "-")}-stage-${stage}${part === "view" ? "-view" : ""}.${kind}`;
  try {
    const content =
      kind === "svg"
        ? { text: svgPicture(sitter, part, app.theme, `${model}, stage ${stage}`).text }
        : { bytes: await pngPicture(sitter, part, app.theme) };
    const { path } = await app.host.request("saveFile", { name, ...content }).result;
    if (path !== null) say(`Saved ${visible(path)}`);
  } catch (error) {
    const info = errorInfo(error);
    say(info.message, info);
  }
}
