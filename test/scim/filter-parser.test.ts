/** Filters as the RFC, identity providers and attackers write them. */
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ScimError } from '../../src/scim/error.ts';
import type { Filter, Literal } from '../../src/scim/filter.ts';
import { parseFilter, printFilter } from '../../src/scim/filter-parser.ts';
import { filterLikeText, filterTrees } from '../support/scim/arbitrary-filters.ts';

const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const printed = (text: string) => printFilter(parseFilter(text));
const eq = (name: string, value: Literal): Filter => ({
  kind: 'compare',
  path: { urn: undefined, name, sub: undefined },
  operator: 'eq',
  value,
});

describe('a filter', () => {
  // The examples of RFC 7644 §3.4.2.2, already in canonical form.
  it.each([
    'userName eq "bjensen"',
    'name.familyName co "O\'Malley"',
    'userName sw "J"',
    'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"',
    'title pr',
    'meta.lastModified gt "2011-05-13T04:42:34Z"',
    'meta.lastModified ge "2011-05-13T04:42:34Z"',
    'meta.lastModified lt "2011-05-13T04:42:34Z"',
    'meta.lastModified le "2011-05-13T04:42:34Z"',
    'title pr and userType eq "Employee"',
    'title pr or userType eq "Intern"',
    'schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"',
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
    'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
    'userType eq "Employee" and (emails.type eq "work")',
    'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
    'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
    `${ENTERPRISE_URN}:manager.value eq "a"`,
    'groups.$ref ew "b"',
  ])('of the RFC is understood: %s', (text) => {
    expect(printed(text)).toBe(text.replace('(emails.type eq "work")', 'emails.type eq "work"'));
  });

  it.each([
    ['[authentik] unquoted text', 'userName eq x', 'userName eq "x"'],
    ['[Entra] unquoted text', 'externalId eq jyoung', 'externalId eq "jyoung"'],
    ['an unquoted address', 'userName eq a.b+c@x-y.com', 'userName eq "a.b+c@x-y.com"'],
    ['single quotes', "userName eq 'x'", 'userName eq "x"'],
    ['single quotes around spaces', "title eq 'a b' and (c eq 'd')", 'title eq "a b" and c eq "d"'],
    ['double quotes within single quotes', `title eq '"a" b'`, 'title eq "\\"a\\" b"'],
    ['an escaped single quote', "title eq 'O\\'Brien'", 'title eq "O\'Brien"'],
    ['curly quotes', 'userName eq “x y”', 'userName eq "x y"'],
    ['curly quotes of one form', 'userName eq ”x”', 'userName eq "x"'],
    ['German quotes', 'userName eq „x“', 'userName eq "x"'],
    ['single curly quotes', 'members[value eq ‘x’]', 'members[value eq "x"]'],
    ['backticks', 'userName eq `x`', 'userName eq "x"'],
    ['empty single quotes', "userName eq ''", 'userName eq ""'],
    ['an apostrophe without quotes', "userName eq O'Brien", 'userName eq "O\'Brien"'],
    ['a curly apostrophe without quotes', 'userName eq O’Brien', 'userName eq "O’Brien"'],
    ['unquoted punctuation', 'userName eq ACME\\j=d,e;f%x', 'userName eq "ACME\\\\j=d,e;f%x"'],
    ['no-break spaces', 'userName\u00a0eq\u2003"x"\u00a0', 'userName eq "x"'],
    ['unquoted text before ]', 'emails[type eq work]', 'emails[type eq "work"]'],
    ['unquoted text before )', '(userName eq x)', 'userName eq "x"'],
    [
      '[Entra] an unquoted time',
      'meta.Created gt 2024-01-01T00:00:00.000Z',
      'meta.Created gt "2024-01-01T00:00:00.000Z"',
    ],
    ['[Keycloak] an operator in capitals', 'userName EQ "x"', 'userName eq "x"'],
    [
      'keywords in any case',
      'NOT (a Pr) aNd b Eq TRUE Or c eq Null',
      '(not (a pr) and b eq true) or c eq null',
    ],
    ['[Keycloak] parentheses all around', '((userName EQ "x"))', 'userName eq "x"'],
    ['whitespace of any kind and length', '\t a  eq\n"x"  and( b pr )', 'a eq "x" and b pr'],
    ['no space where quotes and brackets separate words', 'a eq"x"or(b pr)', 'a eq "x" or b pr'],
    [
      '[Entra] a comparison after brackets',
      'emails[type eq "work"].value eq "x"',
      'emails[type eq "work" and value eq "x"]',
    ],
    [
      'presence after brackets',
      'emails[type eq "work"].value pr',
      'emails[type eq "work" and value pr]',
    ],
    [
      'an alternative in brackets with a comparison after them',
      'emails[type eq "work" or primary eq true].value sw "x"',
      'emails[(type eq "work" or primary eq true) and value sw "x"]',
    ],
    ['[Entra] two look-ups', 'id eq "a" and manager eq "b"', 'id eq "a" and manager eq "b"'],
    [
      '[Entra] names in odd case, unquoted text and a group',
      'name.FamilyName eq Employee and (emails.Value co example.com or userName sw O)',
      'name.FamilyName eq "Employee" and (emails.Value co "example.com" or userName sw "O")',
    ],
    ['and with precedence over or', 'a pr or b pr and c pr', 'a pr or (b pr and c pr)'],
    [
      'and with precedence over or, in the other order',
      'a pr and b pr or c pr',
      '(a pr and b pr) or c pr',
    ],
    ['names like keywords', 'not1 pr and android eq orange', 'not1 pr and android eq "orange"'],
  ])('may have %s', (_, text, canonical) => {
    expect(printed(text)).toBe(canonical);
    expect(printed(canonical)).toBe(canonical);
  });

  it('keeps a chain of terms flat, so that its length adds no depth', () => {
    expect(parseFilter('a eq 1 and b eq 2 and c eq 3')).toEqual({
      kind: 'and',
      terms: [eq('a', 1), eq('b', 2), eq('c', 3)],
    });
  });

  it.each<[string, Literal]>([
    ['""', ''],
    ['"a b"', 'a b'],
    [String.raw`"\"\\\/\b\f\n\r\t"`, '"\\/\b\f\n\r\t'],
    [String.raw`"\u00e9\u00E9"`, 'éé'],
    [String.raw`"\ud83d\udcbc"`, '💼'],
    [String.raw`"\ud83d"`, '\ud83d'],
    [String.raw`"\u0000"`, '\0'],
    ['"(a) and [b]"', '(a) and [b]'],
    ['"true"', 'true'],
    ['"42"', '42'],
    ['42', 42],
    ['-1.5', -1.5],
    ['0', 0],
    ['007', '007'],
    ['1.50', '1.50'],
    ['12345678901234567890', '12345678901234567890'],
    ['1e5', '1e5'],
    ['True', true],
    ['FALSE', false],
    ['nUll', null],
    ['truely', 'truely'],
    ["O'Malley", "O'Malley"],
    [String.raw`DOMAIN\ann`, String.raw`DOMAIN\ann`],
  ])('may contain the literal %s', (text, value) => {
    expect(parseFilter(`a eq ${text}`)).toEqual(eq('a', value));
  });

  it.each([
    ['', 'expected an attribute name at the end'],
    ['  ', 'expected an attribute name at the end'],
    ['userName', 'expected pr or one of eq, ne, co, sw, ew, gt, ge, lt, le at the end'],
    ['userName is "x"', 'expected pr or one of eq, ne, co, sw, ew, gt, ge, lt, le at character 10'],
    ['userName eq', 'expected a value at the end'],
    ['userName eq )', 'expected a value at character 13'],
    ['userName eq "x', 'expected the closing quote at the end'],
    ['userName eq "\\', 'expected a JSON escape sequence at the end'],
    ['userName eq "\\x"', 'expected a JSON escape sequence at character 15'],
    ['userName eq "\\u12"', 'expected four hexadecimal digits at character 15'],
    ['userName eq "x" y', 'expected "and", "or" or the end of the filter at character 17'],
    ['userName eq "x"y', 'expected "and", "or" or the end of the filter at character 16'],
    ['userName eq x"y"', 'expected "and", "or" or the end of the filter at character 14'],
    ['userName pr and', 'expected an attribute name at the end'],
    ['and userName pr', 'expected pr or one of eq, ne, co, sw, ew, gt, ge, lt, le at character 5'],
    ['userName pr or or title pr', 'expected pr or one of'],
    ['(userName pr', 'expected ")" at the end'],
    ['userName pr)', 'expected "and", "or" or the end of the filter at character 12'],
    ['()', 'expected an attribute name at character 2'],
    ['not userName pr', 'expected "(" at character 5'],
    ['emails[type eq "work"', 'expected "]" at the end'],
    ['emails[]', 'expected an attribute name at character 8'],
    ['emails[type eq "work")', 'expected "]" at character 22'],
    ['emails[type eq "work"]. eq "x"', 'expected an attribute name at character 24'],
    ['emails[type eq "work"].value', 'expected pr or one of'],
    ['"userName" eq "x"', 'expected an attribute name at character 1'],
    ['userName; DROP TABLE users', 'expected pr or one of'],
  ])('that is malformed is refused with the position: %s', (text, detail) => {
    expect(() => parseFilter(text)).toThrow(
      expect.objectContaining({
        status: 400,
        scimType: 'invalidFilter',
        detail: expect.stringContaining(`the filter is malformed: `),
      }),
    );
    expect(() => parseFilter(text)).toThrow(detail);
  });

  it('is parsed from its printed form as the same tree', () => {
    fc.assert(
      fc.property(filterTrees, (filter) => {
        expect(parseFilter(printFilter(filter))).toEqual(filter);
      }),
    );
  });

  it('means the same with keywords in any case', () => {
    const shout = (text: string) =>
      text
        .split(/("(?:\\.|[^"\\])*")/)
        .map((part, index) =>
          index % 2 === 1
            ? part
            : part.replaceAll(/(?<= )(and|or|eq|ne|co|sw|ew|gt|ge|lt|le|pr)(?=[ \])]|$)/g, (word) =>
                word.toUpperCase(),
              ),
        )
        .join('');
    fc.assert(
      fc.property(filterTrees, (filter) => {
        // An attribute may have the name of a keyword, which is then also in upper case.
        const read = JSON.stringify(parseFilter(shout(printFilter(filter))));
        expect(read.toLowerCase()).toBe(JSON.stringify(filter).toLowerCase());
      }),
    );
  });
});

describe('an ambiguous literal', () => {
  it.each([
    'x;',
    'x,',
    '"x";',
    "'x';",
    "'x",
    "x'",
    "''x''",
    "'O'Brien'",
    '‘O’Brien’',
    '“x"',
    '"x”',
    '“x',
    'x”',
    '«x»',
    '″x″',
    '`x',
    '""x""',
    '\\"x\\"',
    "\\'x\\'",
    '%22x%22',
    '%27x',
    'x\u0000',
    'x\u0007y',
    '\u200bx',
    'x\u200b',
    '"a\tb"',
    '"a\nb"',
    "'a\u0000b'",
    '"a\u001f"',
  ])('is refused, because it would match nothing: %j', (value) => {
    for (const text of [`userName eq ${value}`, `emails[value eq ${value}]`, `(a co ${value})`]) {
      expect(() => parseFilter(text)).toThrow(
        expect.objectContaining({ scimType: 'invalidFilter' }),
      );
    }
  });

  it('is refused with what to write instead', () => {
    expect(() => parseFilter('userName eq x;')).toThrow(
      'the filter is malformed: expected a value in double quotes at character 13',
    );
    expect(() => parseFilter('userName eq "a\tb"')).toThrow(
      'expected an escape sequence instead of a control character at character 15',
    );
  });
});

describe('a hostile filter', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ['longer than 8192 characters', `userName eq "${'x'.repeat(8192)}"`],
    ['nested deeper than 32 levels', `${'('.repeat(33)}a pr${')'.repeat(33)}`],
    ['nested deeper than 32 levels', `${'not('.repeat(33)}a pr${')'.repeat(33)}`],
    ['nested deeper than 32 levels', `${'a['.repeat(33)}b pr${']'.repeat(33)}`],
    ['nested deeper than 32 levels', '('.repeat(8192)],
    ['more than 200 comparisons', Array(201).fill('a pr').join(' or ')],
  ])('is refused beyond a limit: %s', (limit, text) => {
    expect(() => parseFilter(text)).toThrow(limit);
  });

  it('is accepted up to the limits', () => {
    expect(parseFilter(`userName eq "${'x'.repeat(8192 - 14)}"`)).toMatchObject({ operator: 'eq' });
    expect(parseFilter(`${'('.repeat(32)}a pr${')'.repeat(32)}`)).toMatchObject({
      kind: 'present',
    });
    const wide = parseFilter(Array(200).fill('a pr').join(' or '));
    expect(wide).toMatchObject({ kind: 'or', terms: { length: 200 } });
    const groups = parseFilter(Array(100).fill('(a pr or b pr)').join(' and '));
    expect(groups).toMatchObject({ kind: 'and', terms: { length: 100 } });
  });

  it('is parsed or refused, whatever it is', () => {
    fc.assert(
      fc.property(filterLikeText, (text) => {
        try {
          parseFilter(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ScimError);
          expect(error).toMatchObject({ scimType: 'invalidFilter' });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['backslashes without a closing quote', `a eq "${'\\\\'.repeat(4093)}`],
    ['backslashes', `a eq "${'\\\\'.repeat(4092)}"`],
    ['quotes', '"'.repeat(8192)],
    ['quoted words', `a eq ${'"x"'.repeat(2728)}`],
    ['spaces', `a${' '.repeat(8187)}eq 1`],
    ['spaces before nonsense', `a eq 1${' '.repeat(8185)}!`],
    ['one long name', 'a'.repeat(8192)],
    ['dots and colons', 'urn:.:'.repeat(1365)],
    ['one long value', `a eq ${'1'.repeat(8187)}`],
    ['many comparisons', Array(200).fill('not (a pr)').join(' and ')],
    ['brackets', 'a['.repeat(4096)],
  ])('is read in one pass: %s', (_, text) => {
    const read = vi.spyOn(String.prototype, 'charAt');
    try {
      parseFilter(text);
    } catch (error) {
      expect(error).toBeInstanceOf(ScimError);
    }
    const reads = read.mock.calls.length;
    read.mockRestore();
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThanOrEqual(8 * text.length);
  });
});
