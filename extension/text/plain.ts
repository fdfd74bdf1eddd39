/** Names from a model where VS Code would take some characters for more than text. Pure text. */

/** Control characters, marks of direction and other invisible ones: they would hide or reorder what stands around them. */
// eslint-disable-next-line no-control-regex
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]/g;

/** Longer ones are cut: a name may have a million characters. */
const longest = 300;

/** One line without anything invisible: for labels and messages. */
export function plain(text: string, most = longest): string {
  const line = text.replace(unseen, "·");
  return line.length > most ? `${line.slice(0, most)}…` : line;
}

/** Notifications make links of `[text](address)`, commands included. */
export const plainNotice = (text: string): string => plain(text, 2000).replaceAll("](", "] (");

/** Quick picks and the status bar make icons of `$(name)`. */
export const plainPick = (text: string): string => plain(text).replaceAll("$(", "\\$(");
