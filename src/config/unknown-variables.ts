/** Finds misspelt environment variables, which would otherwise be ignored in silence. */
import { ALL_OPTIONS } from './command-options.ts';
import { isServiceLink } from './resolve.ts';

const PREFIX = 'SCIM_OPERATOR_';

interface UnknownVariable {
  readonly variable: string;
  /** The variable of an option that has the most similar name. */
  readonly nearest: string;
}

/** The variables that look like those of options, but belong to none. */
export function unknownVariables(environment: NodeJS.ProcessEnv): readonly UnknownVariable[] {
  const known = [...new Set(ALL_OPTIONS.map(({ variable }) => variable))];
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith(PREFIX) && !isServiceLink(name, value ?? ''))
    .filter(([name]) => !known.includes(name))
    .map(([variable]) => ({ variable, nearest: nearestTo(variable, known) }));
}

function nearestTo(name: string, known: readonly string[]): string {
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
