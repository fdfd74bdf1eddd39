/** What ONNX Runtime says, without the places in its own sources and in our temporary folders: nobody who reads it has those. */

/** `file.cc:12 type function(arguments) const [with T = ...] `, as its checks begin their messages. */
const place = /\S*onnxruntime\S*\.(?:cc|h|cpp|hpp):\d+ (?:[^\n]*?\)(?: const)?(?:::<lambda[^>]*>)?(?: \[with [^\]]*\])? (?=\S))?/g;
const temporary = /(?:Load model from \S+ failed: ?|Exception during initialization: )/g;
const status = /Non-zero status code returned while running (\S+) node\. Name:'([^']*)' Status Message: /g;

export function plainOrtText(text: string): string {
  return text
    .replace(temporary, "")
    .replace(status, (_, op: string, name: string) => (name === "" || name === op ? `${op}: ` : `${op} "${name}": `))
    .replace(place, "")
    .replace(/\s+/g, " ")
    .trim();
}
