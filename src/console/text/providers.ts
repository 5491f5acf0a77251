/** Identity providers of sign-in, as pages call them. */
import type { ConsoleContext } from '../context.ts';

/** Of a provider that the configuration no longer has, the name. */
export const providerTitle = ({ signIn }: Pick<ConsoleContext, 'signIn'>, name: string): string =>
  signIn.providers().find((each) => each.name === name)?.displayName ?? name;
