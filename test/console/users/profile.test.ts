import { describe, expect, it } from 'vitest';
import { profileOf } from '../../../src/console/users/profile.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describe('the profile of a user', () => {
  it('has a row for each value, under the path that SCIM gives it', () => {
    const { rows, left } = profileOf({
      title: 'Countess',
      emails: [
        { value: 'ada@acme.example', type: 'work', primary: true },
        { value: 'ada@home.example', type: 'home' },
      ],
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      userName: 'ada@acme.example',
      [ENTERPRISE]: { department: 'Engines', manager: { value: '01a2' } },
    });
    expect(rows.map(({ path, note, value }) => [path, note, value])).toEqual([
      ['userName', undefined, 'ada@acme.example'],
      ['name.givenName', undefined, 'Ada'],
      ['name.familyName', undefined, 'Lovelace'],
      ['emails', 'work, primary', 'ada@acme.example'],
      ['emails', 'home', 'ada@home.example'],
      ['title', undefined, 'Countess'],
      [`${ENTERPRISE}:department`, undefined, 'Engines'],
      [`${ENTERPRISE}:manager.value`, undefined, '01a2'],
    ]);
    expect(left).toBe(0);
  });

  it('names the path under which the log has the change of a value', () => {
    const { rows } = profileOf({
      addresses: [{ streetAddress: '12 Square', type: 'home' }],
      name: { givenName: 'Ada' },
    });
    expect(rows.map(({ path, attribute }) => [path, attribute])).toEqual([
      ['name.givenName', 'name.givenName'],
      ['addresses.streetAddress', 'addresses'],
      ['addresses.type', 'addresses'],
    ]);
  });

  it('never shows a password, and leaves out what has a place of its own', () => {
    const shown = profileOf({ userName: 'ada', password: 'secret', active: true, externalId: 'x' });
    expect(shown.rows.map(({ path }) => path)).toEqual(['userName']);
  });

  it('is cut off after 150 values, and after 1,000 characters of a value', () => {
    const phones = Array.from({ length: 200 }, (_, index) => ({ value: `+${index}` }));
    const { rows, left } = profileOf({ userName: 'x'.repeat(5_000), phoneNumbers: phones });
    expect(rows).toHaveLength(150);
    expect(left).toBe(51);
    expect(rows[0]?.value).toBe(`${'x'.repeat(1_000)}…`);
  });
});
