/** How Microsoft and SailPoint patch users. */
import { expect } from 'vitest';
import { E, type Point } from './point.ts';

/** The paths in Entra ID's default mapping, and those that its Logic App also tests. */
const OPTIONAL = [
  ...['displayName', 'nickName', 'title', 'userType', 'preferredLanguage', 'locale', 'timezone'],
  ...['profileUrl', 'externalId', 'name.formatted', 'name.familyName', 'name.givenName'],
  ...['name.middleName', 'name.honorificPrefix', 'name.honorificSuffix'],
  ...['emails[type eq "work"].value', 'emails[type eq "other"].value'],
  ...['phoneNumbers[type eq "work"].value', 'phoneNumbers[type eq "fax"].value'],
  ...['addresses[type eq "work"].formatted', 'addresses[type eq "work"].country'],
  ...['employeeNumber', 'costCenter', 'organization', 'division', 'department', 'manager'].map(
    (name) => `${E}:${name}`,
  ),
];

export const USER_PATCHES: readonly Point[] = [
  {
    who: 'Entra ID with its feature flag',
    title: 'a PATCH without a path may use dotted keys and URNs as keys',
    async check(at) {
      const { id } = await at.user({ name: { familyName: 'Gray' }, [E]: { department: 'Sales' } });
      const value = { displayName: 'B', 'name.givenName': 'Bill', [`${E}:employeeNumber`]: '7' };
      const { body } = await at.patch(`/Users/${id}?aadOptscim062020`, { op: 'replace', value });
      expect(body).toMatchObject({
        displayName: 'B',
        name: { familyName: 'Gray', givenName: 'Bill' },
        [E]: { department: 'Sales', employeeNumber: '7' },
      });
    },
  },
  {
    who: 'Entra ID',
    title: 'if a filtered path finds no e-mail, one is created with the type of the filter',
    async check(at) {
      const { id } = await at.user();
      const op = 'Replace';
      const { status, body } = await at.patch(
        `/Users/${id}`,
        { op, path: 'emails[type eq "work"].value', value: 'w@example.com' },
        { op, path: 'emails[type eq "home"].value', value: 'h@example.com' },
        { op, path: 'emails[type eq "home"].display', value: 'at home' },
        { op, path: 'emails[type eq "home"].primary', value: 'True' },
      );
      expect(status).toBe(200);
      expect(body.emails).toEqual([
        { type: 'work', value: 'w@example.com' },
        { type: 'home', value: 'h@example.com', display: 'at home', primary: true },
      ]);
    },
  },
  {
    who: 'Entra ID',
    title: 'adding an existing e-mail changes it and does not add a second one',
    async check(at) {
      const { id } = await at.user({ emails: [{ type: 'work', value: 'old', primary: true }] });
      const path = 'emails[type eq "work"].value';
      const { body } = await at.patch(`/Users/${id}`, { op: 'Add', path, value: 'new' });
      expect(body.emails).toEqual([{ type: 'work', value: 'new', primary: true }]);
    },
  },
  {
    who: 'Entra ID',
    title: 'filtered paths create phone numbers and addresses',
    async check(at) {
      const { id } = await at.user();
      const { body } = await at.patch(
        `/Users/${id}`,
        { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1 555' },
        { op: 'Add', path: 'addresses[type eq "work"].formatted', value: '1 Main St' },
        { op: 'Add', path: 'addresses[type eq "work"].country', value: 'US' },
      );
      expect(body.phoneNumbers).toEqual([{ type: 'mobile', value: '+1 555' }]);
      expect(body.addresses).toEqual([{ type: 'work', formatted: '1 Main St', country: 'US' }]);
    },
  },
  {
    who: 'Entra ID',
    title: 'a manager given as bare text is stored and returned as an object with value',
    async check(at) {
      const [{ id }, manager] = [await at.user(), await at.user()];
      await at.patch(`/Users/${id}`, { op: 'Add', path: `${E}:manager`, value: manager.id });
      const { body } = await at.get(`/Users/${id}`);
      expect(body[E]).toMatchObject({ manager: { value: manager.id } });
    },
  },
  {
    who: 'Entra ID',
    title: 'the manager is cleared by "" and by Remove, and may be set in a list',
    async check(at) {
      const [{ id }, manager] = [await at.user({ [E]: { department: 'D' } }), await at.user()];
      const managerAfter = async (operation: object) => {
        const { status, body } = await at.patch(`/Users/${id}`, operation);
        expect(status).toBe(200);
        return (body[E] as { manager?: { value: string } }).manager?.value;
      };
      const value = [{ $ref: `../Users/${manager.id}`, value: manager.id }];
      for (const path of ['manager', `${E}:manager`]) {
        expect(await managerAfter({ op: 'Add', path, value })).toBe(manager.id);
        expect(await managerAfter({ op: 'Replace', path, value: '' })).toBe(undefined);
        expect(await managerAfter({ op: 'Replace', path, value: manager.id })).toBe(manager.id);
        expect(await managerAfter({ op: 'Remove', path })).toBe(undefined);
      }
    },
  },
  {
    who: 'Entra ID',
    title: 'roles[primary eq "True"] creates and updates the primary role',
    async check(at) {
      const { id } = await at.user();
      const change = (sub: string, value: string) =>
        at.patch(`/Users/${id}`, { op: 'Add', path: `roles[primary eq "True"].${sub}`, value });
      await change('value', 'Reader');
      await change('display', 'Reads');
      expect((await change('value', 'Writer')).body.roles).toEqual([
        { primary: true, value: 'Writer', display: 'Reads' },
      ]);
    },
  },
  {
    who: 'Entra ID',
    title: 'a role whose value is JSON text is kept unchanged',
    async check(at) {
      const { id } = await at.user();
      const value = [{ value: '{"id":"18d1","value":"User","displayName":"User"}' }];
      const { body } = await at.patch(`/Users/${id}`, { op: 'Add', path: 'roles', value });
      expect(body.roles).toEqual(value);
    },
  },
  {
    who: 'Entra ID',
    title: 'every optional attribute accepts "" and null, and is then empty or absent',
    async check(at) {
      const { id } = await at.user();
      for (const path of OPTIONAL) {
        const set = await at.patch(`/Users/${id}`, { op: 'Add', path, value: 'set' });
        expect(set.text, path).toContain('"set"');
        for (const value of ['', null]) {
          const answer = await at.patch(`/Users/${id}`, { op: 'Replace', path, value });
          expect(answer.status, `${path} ${value}: ${answer.text}`).toBe(200);
          expect(answer.text, path).not.toContain('"set"');
        }
      }
      expect((await at.get(`/Users/${id}`)).body).toMatchObject({ id, active: true });
    },
  },
  {
    who: 'SailPoint',
    title: 'replacing a part of the name keeps the rest',
    async check(at) {
      const { id } = await at.user({ name: { familyName: 'F', givenName: 'G' } });
      const value = { givenName: 'H' };
      const { body } = await at.patch(`/Users/${id}`, { op: 'replace', path: 'name', value });
      expect(body.name).toEqual({ familyName: 'F', givenName: 'H' });
    },
  },
];
