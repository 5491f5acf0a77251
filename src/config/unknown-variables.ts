/** Finds misspelt environment variables, which would otherwise be ignored in silence. */
import { ALL_OPTIONS } from './command-options.ts';
import { nearestTo } from './nearest.ts';
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
