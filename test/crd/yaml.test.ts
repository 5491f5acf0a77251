import { loadYaml } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printYaml } from '../../src/crd/yaml.ts';

describe('printYaml', () => {
  it('writes text that another parser reads as the same value', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom(...'.-09eEx+:# \n\t\'"%@`!&*|(),;>{[?~yNo') }),
      fc.constantFrom('yes', 'Off', '~', '.5', '1e3', '0x1F', '2026-01-01', '- a', 'a: b', 'a #b'),
      fc.constantFrom('.inf', '.', '-', '---', '...', '\u2028', '\u0085', ' a', 'a ', '=', '<<'),
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(text, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (any) => {
        // The parser leaves a document of an unknown kind as it is.
        const wrapped = { apiVersion: 'v1', kind: 'Unknown', any } as { any: string };
        expect(loadYaml(printYaml(wrapped))).toEqual(wrapped);
      }),
      { numRuns: 2_000 },
    );
  });

  it('indents lists and maps, and quotes only where necessary', () => {
    const value = { a: [{ b: 'c d', e: [] }, ['f'], '1'], 'g/h': { i: true, j: undefined, k: {} } };
    expect(printYaml(value)).toBe(
      'a:\n  - b: c d\n    e: []\n  - - f\n  - "1"\ng/h:\n  i: true\n  k: {}\n',
    );
  });
});
