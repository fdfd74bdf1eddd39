/** A file as text, and a bundled worker script as text: see scripts/bundles/text-imports.mjs. */
declare module "*?text" {
  const text: string;
  export default text;
}
declare module "*?worker-text" {
  const text: string;
  export default text;
}
