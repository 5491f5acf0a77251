/** Compares the table of limits in docs/reference/scim.md with the limits in the code. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fillInLimits } from '../../hack/generate/limits.ts';
import * as limits from '../../src/scim/limits.ts';

const page = readFileSync('docs/reference/scim.md', 'utf8');

describe('the reference of the limits', () => {
  it('is generated from the limits of the code', () => {
    expect(fillInLimits(page)).toBe(page);
  });

  it('contains every limit', () => {
    const generator = readFileSync('hack/generate/limits.ts', 'utf8');
    const missing = Object.keys(limits).filter((name) => !generator.includes(`limits.${name}`));
    expect(missing).toEqual([]);
  });
});
