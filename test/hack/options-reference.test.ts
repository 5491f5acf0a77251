/** Compares docs/reference/options.md and conditions.md with the code. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fillInOptions } from '../../hack/generate/options.ts';
import { fillInReasons } from '../../hack/generate/reasons.ts';
import { COMMANDS } from '../../src/config/arguments.ts';
import { ALL_OPTIONS } from '../../src/config/command-options.ts';

const options = readFileSync('docs/reference/options.md', 'utf8');
const conditions = readFileSync('docs/reference/conditions.md', 'utf8');

describe('the reference of the options', () => {
  it('is generated from the options of the program', () => {
    expect(fillInOptions(options)).toBe(options);
  });

  it('contains every command and every option', () => {
    const names = [...Object.keys(COMMANDS), ...ALL_OPTIONS.map(({ flag }) => `--${flag}`)];
    expect(names.filter((name) => !options.includes(`| \`${name}\` |`))).toEqual([]);
  });
});

describe('the reference of the conditions', () => {
  it('is generated from the descriptions beside their names', () => {
    expect(fillInReasons(conditions)).toBe(conditions);
  });
});
