import { describe, expect, it } from 'vitest';
import {
  EMPTY_INPUT,
  faultsIn,
  inputOf,
  objectOf,
} from '../../../src/console/provisioning/new-integration.ts';

const input = (fields: Partial<typeof EMPTY_INPUT>) => ({
  ...EMPTY_INPUT,
  namespace: 'acme',
  name: 'okta',
  ...fields,
});

describe('a new integration', () => {
  it.each([
    ['Company IdP', 'company-idp', 'Company IdP'],
    ['  Ünser IdP (Okta)  ', 'unser-idp-okta', 'Ünser IdP (Okta)'],
    ['okta', 'okta', undefined],
    ['x'.repeat(60), 'x'.repeat(52), 'x'.repeat(60)],
  ])('called %j becomes the resource %s', (name, resource, displayName) => {
    const entered = inputOf(new URLSearchParams({ ...input({ name }) }));
    const { metadata, spec } = objectOf(entered, 'acme');
    expect(metadata).toEqual({ namespace: 'acme', name: resource });
    expect(spec).toEqual({
      type: 'SCIM2',
      identityProvider: 'Okta',
      ...(displayName === undefined ? {} : { displayName }),
    });
    expect(faultsIn(entered, 'acme')).toEqual({});
  });

  it('names its tenant unless that is its namespace', () => {
    expect(objectOf(input({}), 'globex').spec).toMatchObject({ tenant: 'globex' });
    expect(objectOf(input({}), 'acme').spec).not.toHaveProperty('tenant');
  });

  it.each([
    [{ name: '' }, { name: 'Enter a name.' }],
    [{ name: 'ä'.repeat(129) }, { name: 'Shorten it to 128 characters.' }],
    [{ name: '日本語' }, { resourceName: 'Enter a name of ASCII letters, digits and dashes.' }],
    [{ description: 'x'.repeat(1025) }, { description: 'Shorten it to 1024 characters.' }],
    [{ resourceName: 'x'.repeat(53) }, { resourceName: 'Shorten it to 52 characters.' }],
    [{ resourceName: 'No_Label' }, { resourceName: expect.stringContaining('DNS label') }],
    [{ identityProvider: 'Evil' }, { identityProvider: expect.stringContaining('Choose one of') }],
  ])('with %j is refused at the field', (fields, faults) => {
    expect(faultsIn(input(fields), 'acme')).toEqual(faults);
  });
});
