/** Which name was meant. */

/** Returns the known name that is most similar to a misspelt one. */
export function nearestTo(name: string, known: readonly string[]): string {
  const distances = known.map((each) => ({ each, distance: editDistance(name, each) }));
  return distances.reduce((best, next) => (next.distance < best.distance ? next : best)).each;
}

/** The number of characters to insert, delete or replace that turns one text into the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [above, letter] of [...from].entries()) {
    const next = [above + 1];
    for (let index = 1; index <= to.length; index++) {
      const replaced = (row[index - 1] ?? 0) + (letter === to[index - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
