/** Findings of scim2-tester that are wrong. An exception that is no longer needed fails the run. */
import type { Exception } from './judge.ts';

export const EXCEPTIONS: readonly Exception[] = [];
