import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScimError } from '../../src/scim/error.ts';
import { parsePath, printPath } from '../../src/scim/path.ts';
import { attributePaths, filterLikeText, filterTrees } from '../support/scim/arbitrary-filters.ts';

const USER_URN = 'urn:ietf:params:scim:schemas:core:2.0:User';

describe('a path', () => {
  it.each([
    ['userName', { name: 'userName' }],
    ['name.familyName', { name: 'name', sub: 'familyName' }],
    [`${USER_URN}:name.familyName`, { urn: USER_URN, name: 'name', sub: 'familyName' }],
    ['members.$ref', { name: 'members', sub: '$ref' }],
    [' active ', { name: 'active' }],
  ])('names an attribute: %s', (text, path) => {
    expect(parsePath(text)).toEqual({
      path: { urn: undefined, sub: undefined, ...path },
      filter: undefined,
      sub: undefined,
    });
  });

  it.each([
    ['addresses[type eq "work"]', 'addresses[type eq "work"]'],
    ['members[value eq "2819c223"].displayName', 'members[value eq "2819c223"].displayName'],
    ['roles[primary eq "True"].value', 'roles[primary eq "True"].value'],
    [
      'emails[ TYPE EQ work and not (value pr) ].value',
      'emails[TYPE eq "work" and not (value pr)].value',
    ],
    [`${USER_URN}:emails[type eq "work"].value`, `${USER_URN}:emails[type eq "work"].value`],
    ['members[value eq "a]b.c"]', 'members[value eq "a]b.c"]'],
  ])('selects elements: %s', (text, canonical) => {
    expect(printPath(parsePath(text))).toBe(canonical);
  });

  it.each([
    ['', 'expected an attribute name at the end'],
    ['emails[type eq "work"', 'expected "]" at the end'],
    ['emails[type eq "work"] .value', 'expected the end of the path at character 23'],
    ['emails[type eq "work"].', 'expected an attribute name at the end'],
    ['emails[type eq "work"].value[a pr]', 'expected the end of the path at character 29'],
    ['emails[]', 'expected an attribute name at character 8'],
    ['emails[0]', 'expected pr or one of'],
    ['user name', 'expected the end of the path at character 5'],
    ['/name/familyName', 'expected an attribute name at character 1'],
    ['name/familyName', 'expected the end of the path at character 5'],
    [`emails[${'('.repeat(33)}`, 'nested deeper than 32 levels'],
    ['a'.repeat(8193), 'longer than 8192 characters'],
    [`emails[${Array(201).fill('type pr').join(' or ')}]`, 'more than 200 comparisons'],
  ])('that is malformed is refused with the position: %s', (text, detail) => {
    expect(() => parsePath(text)).toThrow(
      expect.objectContaining({ status: 400, scimType: 'invalidPath' }),
    );
    expect(() => parsePath(text)).toThrow(detail);
  });

  it('is parsed from its printed form as the same path', () => {
    const selected = fc.record({
      path: attributePaths,
      filter: filterTrees,
      sub: fc.constantFrom(undefined, 'value', '$ref'),
    });
    const plain = attributePaths.map((path) => ({ path, filter: undefined, sub: undefined }));
    fc.assert(
      fc.property(fc.oneof(selected, plain), (path) => {
        expect(parsePath(printPath(path))).toEqual(path);
      }),
    );
  });

  it('is parsed or refused, whatever it is', () => {
    const nested = filterLikeText.map((text) => `emails[${text}].value`);
    fc.assert(
      fc.property(fc.oneof(filterLikeText, nested), (text) => {
        try {
          parsePath(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ScimError);
          expect(error).toMatchObject({ scimType: 'invalidPath' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
