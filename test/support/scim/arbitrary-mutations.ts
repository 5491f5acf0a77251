/** Valid texts of the protocol with a few edits, which find more bugs than random text. */
import fc from 'fast-check';

const PIECES = [
  ...['"', '\\', '[', ']', '(', ')', '{', '}', ',', ':', '.', ' ', '$', '+', '%', ';', "'", '`'],
  ...['null', 'true', '-0', '1e400', '-1e999', '9223372036854775808', '0x10', '1.', '007'],
  ...['\\u0000', '\\ud800', '\\u', '\0', '\ud800', '\u202e', 'é', 'e\u0301', '💼', 'İ', '\n', '\t'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'prototype'],
  ...["' OR '1'='1", '; DROP TABLE access --', '/*', '%00', '$.a', '"a"."b"', '{{7*7}}'],
  ...[' and ', ' or ', 'not (', ' pr', ' eq ', ' co ', 'urn:', 'userName', 'members', 'value'],
];

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.constantFrom(0, 0, 1, 2, 5),
  insert: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 1, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
  ),
});

function applyEdit(text: string, { at, remove, insert }: Edit): string {
  const start = Math.round(at * text.length);
  return text.slice(0, start) + insert + text.slice(start + remove);
}

/** One of the valid texts with up to four edits, or any text. */
export function mutationsOf(...sound: readonly string[]): fc.Arbitrary<string> {
  const edited = fc
    .tuple(fc.constantFrom(...sound), fc.array(edit, { maxLength: 4 }))
    .map(([text, edits]) => edits.reduce(applyEdit, text));
  const random = fc.string({ unit: 'binary', maxLength: 40 });
  return fc.oneof({ weight: 9, arbitrary: edited }, { weight: 1, arbitrary: random });
}

/** The text in UTF-8, or in almost valid UTF-8. */
export function bytesOf(text: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const odd = fc.record({ at: fc.nat(200), byte: fc.constantFrom(0xff, 0xc0, 0x80, 0xed, 0xf5) });
  return fc.tuple(text, fc.option(odd, { freq: 8 })).map(([each, broken]) => {
    const bytes = new Uint8Array(Buffer.from(each));
    if (broken !== null && broken.at < bytes.length) bytes[broken.at] = broken.byte;
    return bytes;
  });
}
