/** Which part of a name tells it from the names around it: that part stays where there is no room for all of it. */

/** Letters of the part. */
const most = 8;
const least = 3;

/**
 * @param name without control characters @param around names near it, itself included or not
 * @returns where the part begins and ends, in letters (code points); the end of the name when nothing tells more than that
 */
export function tellingPart(name: string, around: readonly string[]): readonly [from: number, to: number] {
  const letters = Array.from(name);
  const counts = new Map<string, number>();
  for (const other of new Set(around)) {
    if (other === name) continue;
    for (const word of new Set(wordsOf(other).map(({ text }) => text))) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words = wordsOf(name);
  // The last of the rarest: names grow from the left, and what was added last is what they are.
  const rarest = words.reduce<Word | undefined>(
    (best, word) => (best === undefined || (counts.get(word.text) ?? 0) <= (counts.get(best.text) ?? 0) ? word : best),
    undefined,
  );
  if (rarest === undefined || letters.length <= most) return [Math.max(0, letters.length - most), letters.length];
  let { from } = rarest;
  const { to } = rarest;
  // A number alone says little: the word before it comes along.
  const before = words[words.indexOf(rarest) - 1];
  if (to - from < least && before && to - before.from <= most) from = before.from;
  return [Math.max(from, to - most), to];
}

interface Word {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Between the signs with which exporters join names. */
function wordsOf(name: string): readonly Word[] {
  const words: Word[] = [];
  let from = 0;
  const letters = Array.from(name);
  letters.forEach((letter, i) => {
    const isLast = i + 1 === letters.length;
    const isJoint = /[/._:]/.test(letter);
    if (!isJoint && !isLast) return;
    const to = isJoint ? i : i + 1;
    if (to > from) words.push({ text: letters.slice(from, to).join(""), from, to });
    from = i + 1;
  });
  return words;
}
