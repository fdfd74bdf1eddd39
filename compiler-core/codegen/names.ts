/** Names of models are hostile: what may become of them in C++ text. */

/** An identifier: letters, digits and single underscores of `name`, at most 24, never empty; `id` makes it unique. */
export function identifier(name: string, id: string): string {
  const plain = name
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 24)
    .replace(/_+$/, "");
  return `${/^[A-Za-z]/.test(plain) ? plain : `v${plain === "" ? "" : `_${plain}`}`}_${id}`;
}

/** One line of printable ASCII that cannot end or continue a comment, at most `limit` characters. */
export function commentText(text: string, limit = 100): string {
  const plain = text
    .replace(/[^\x20-\x7e]/g, "?")
    .replace(/\*\//g, "* /")
    .replace(/\/\*/g, "/ *")
    .replace(/\\/g, "/")
    .replace(/\?\?/g, "? ?");
  return plain.length > limit ? `${plain.slice(0, limit - 3)}...` : plain;
}

/** A C string literal; what is not printable ASCII becomes `?`. */
export const stringLiteral = (text: string): string =>
  `"${text.replace(/[^\x20-\x7e]|["\\?]/g, (c) => (/["\\]/.test(c) ? `\\${c}` : "\\?"))}"`;
