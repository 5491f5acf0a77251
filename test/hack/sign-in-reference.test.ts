/** Compares docs/reference/sign-in.md, and the examples of the file, with the code. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fillInSignIn } from '../../hack/generate/sign-in.ts';
import { fillInRefusals } from '../../hack/generate/sign-in-refusals.ts';
import { parseSsoConfig } from '../../src/sso/config/parse.ts';
import { matchSchema, providerSchema } from '../../src/sso/config/schema.ts';
import { blocksOf, PAGES } from '../support/docs/pages.ts';

const reference = readFileSync('docs/reference/sign-in.md', 'utf8');
const [wrong = ''] = /^providers\[0\]\.issuer: .*$/m.exec(reference) ?? [];

describe('the reference of the sign-in configuration', () => {
  it('is generated from the schema and from the messages', () => {
    expect(fillInRefusals(fillInSignIn(reference))).toBe(reference);
  });

  it('contains every field', () => {
    const ofMatch = Object.keys(matchSchema.shape).map((name) => `match.${name}`);
    const names = [...Object.keys(providerSchema.shape), ...ofMatch];
    expect(names.filter((name) => !reference.includes(`| \`${name}\` |`))).toEqual([]);
  });

  it('quotes an error as it is', () => {
    const source = reference.replace('https://acme.okta.com', 'http://sso.example.com');
    const [example = ''] = examplesIn(source);
    expect(() => parseSsoConfig(example)).toThrow(wrong);
  });

  it.each(PAGES.flatMap(({ path, text }) => examplesIn(text).map((code) => [path, code] as const)))(
    'agrees with the example in %s',
    (_, code) => {
      expect(parseSsoConfig(code).length).toBeGreaterThan(0);
    },
  );
});

function examplesIn(text: string): readonly string[] {
  return blocksOf({ path: '', text })
    .filter(({ language, code }) => language === 'yaml' && /^providers:/m.test(code))
    .map(({ code }) => code);
}
