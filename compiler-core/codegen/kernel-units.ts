/**
 * Functions of regions that are compiled apart from their model, so that equal kernels of any models are compiled once. What such a function is
 * made of is its canonical text (names by order of use); the assembly that comes of it gets the model's name and lines afterwards.
 */

/** A function of generated code: where it stands in its file, and what it is whatever file it stands in. */
export interface RegionText {
  readonly name: string;
  /** Of its head, from 1. */
  readonly line: number;
  /** The function, called `f`, line by line as in the file. */
  readonly text: string;
}

/** Functions that instantiate a microkernel: the ones that take a compiler long. The others are dearer apart than together. */
export const isKernelUnit = ({ text }: RegionText): boolean => /\bfs::(?:conv|depthwise|gemm|pack|winograd)\w*[<(]/.test(text);

/** The function's name while it belongs to no model. As part of a mangled name it is followed by the first parameter's type. */
const standIn = "fs_kernel_unit";
const mangled = (name: string): string => `${name.length}${name}P10fs_context`;

/** The file to compile: its lines are those of the function. */
export const kernelUnitText = ({ text }: RegionText): string => text.replace(/^(FS_REGION_FUNCTION void )f\(/, `$1${standIn}(`);

/** The text of a model without these functions: blank lines, and declarations in the place of their heads. */
export function withoutUnits(text: string, units: readonly RegionText[]): string {
  const lines = text.split("\n");
  for (const { line, text: own } of units) {
    const head = line - 1;
    lines[head] = (lines[head] ?? "").replace(/ \{$/, ";");
    lines.fill("", line, head + own.trimEnd().split("\n").length);
  }
  return lines.join("\n");
}

/**
 * Assembly of a unit as part of a model's file: its symbols, also those of templates that it instantiates with types of its own, carry the model's
 * function, and its lines are those of the file.
 * @param unitFile name of the compiled file, as line information has it
 */
export function placedAssembly(assembly: string, unitFile: string, { name, line }: RegionText, file: string): string {
  const own = new Set<string>();
  return assembly
    .split("\n")
    .map((text) => {
      if (/^\s*\.file\s/.test(text) && text.includes(`"${unitFile}"`)) {
        const number = /^\s*\.file\s+(\d+)\s/.exec(text)?.[1];
        if (number !== undefined) own.add(number);
        return text.replace(`"${unitFile}"`, `"${file}"`);
      }
      const place = /^(\s*\.loc\s+)(\d+)\s+(\d+)(.*)$/.exec(text);
      if (place !== null) {
        const [, head = "", number = "", at = "", rest = ""] = place;
        return own.has(number) && Number(at) > 0 ? `${head}${number} ${Number(at) + line - 1}${rest}` : text;
      }
      return text
        .replaceAll(mangled(standIn), mangled(name))
        .replaceAll(`"${standIn}"`, `"${name}"`)
        .replaceAll(`"${unitFile}"`, `"${file}"`);
    })
    .join("\n");
}
