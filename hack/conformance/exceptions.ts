/** What scim2-tester can't know, line by line. A line that is not needed any more fails the run. */
import type { Exception } from './judge.ts';

export const EXCEPTIONS: readonly Exception[] = [];
