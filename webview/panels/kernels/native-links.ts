/** From lines of generated C++ to the microkernels that they call, and from these to instructions. */
import { nativeCalls, type NativeSource, type TextReply } from "#protocol";
import type { App } from "../../app.ts";

/** Calls of one kernel that are asked about. */
const mostNames = 8;

const asked = new Map<string, Promise<NativeSource | undefined>>();

/** A function of the native library; the library is the same for every model, so it is asked for once. Undefined when it can't be had. */
export function nativeSource(app: App, arg: { readonly name: string } | { readonly file: string }): Promise<NativeSource | undefined> {
  if (app.store.state.hello?.recorded === true) return Promise.resolve(undefined);
  const key = JSON.stringify(arg);
  const known = asked.get(key);
  if (known) return known;
  const reply = app.host.request("nativeSource", arg).result.then(
    (found) => found ?? undefined,
    () => void asked.delete(key),
  );
  asked.set(key, reply);
  return reply;
}

export interface KernelLink {
  readonly name: string;
  readonly source: NativeSource;
}

/** The microkernels that some lines (from 1) call: those that compute before those that pack. */
export async function kernelsCalled(app: App, cpp: TextReply, lines: Iterable<number>): Promise<readonly KernelLink[]> {
  const names = [...new Set([...lines].flatMap((line) => nativeCalls(cpp.lines[line - 1] ?? "")))].slice(0, mostNames);
  const sources = await Promise.all(names.map((name) => nativeSource(app, { name })));
  const links = names.flatMap((name, i) => {
    const source = sources[i];
    return source?.file.startsWith("kernels/") === true && source.loop !== undefined ? [{ name, source }] : [];
  });
  return links.sort((a, b) => Number(a.name.startsWith("pack_")) - Number(b.name.startsWith("pack_")));
}

/** `tile.hpp:169` */
export const shortPlace = (file: string, line: number): string => `${file.slice(file.lastIndexOf("/") + 1)}:${line}`;

/** Where in a header a line of assembly (from 1) comes from. */
export function placeOf(asm: TextReply | undefined, line: number): { readonly file: string; readonly line: number } | undefined {
  const file = asm?.headers?.files[asm.headers.file[line - 1] ?? -1];
  return file === undefined ? undefined : { file, line: asm?.headers?.line[line - 1] ?? 0 };
}

/** Lines of assembly (from 1) that come from lines `first` to `last` of a header. */
export function instructionsOf(asm: TextReply | undefined, file: string, first: number, last: number): ReadonlySet<number> {
  const found = new Set<number>();
  const { headers } = asm ?? {};
  const index = headers?.files.indexOf(file) ?? -1;
  if (headers === undefined || index < 0) return found;
  headers.file.forEach((at, i) => {
    const line = headers.line[i] ?? 0;
    if (at === index && line >= first && line <= last) found.add(i + 1);
  });
  return found;
}
