/** A tenant of many people, written straight into the tables of either database. */
import { newId } from '../../src/directory/ids.ts';
import { lookupValues } from '../../src/directory/sql/lookup-values.ts';
import { searchDocument } from '../../src/directory/sql/search-document.ts';
import { openTarget } from '../../src/directory/transfer/open.ts';
import { TRANSFER_TABLES, type Value } from '../../src/directory/transfer/tables.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { fold } from '../../src/scim/text.ts';

export const TENANT = 'bench';
export const INTEGRATION = { id: 'okta-bench-integration', name: 'okta' };
/** Provisioned every thousandth person. */
export const SMALL_INTEGRATION = { id: 'entra-bench-integratio', name: 'entra' };

/** Groups by the number of their members; `Nested` contains the others. */
export const GROUPS = ['Small', 'Medium', 'Large', 'Everyone', 'Nested'] as const;

type Row = Readonly<Record<string, Value>>;

const SYLLABLES = [
  'an',
  'be',
  'ci',
  'da',
  'el',
  'fa',
  'go',
  'hu',
  'is',
  'jo',
  'ka',
  'le',
  'mo',
  'ny',
];
const word = (n: number): string => {
  const syllable = SYLLABLES[n % SYLLABLES.length] ?? '';
  return n < SYLLABLES.length ? syllable : word(Math.floor(n / SYLLABLES.length) - 1) + syllable;
};
const title = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Every fiftieth person is inactive. */
export function attributesOf(n: number) {
  const [givenName, familyName] = [title(word((n * 7) % 400)), title(word((n * 31) % 20_000))];
  const userName = `${givenName}.${familyName}.${n}@acme.example`;
  return {
    schemas: [STANDARD_RESOURCE_TYPES.user.schema.id],
    userName,
    name: { givenName, familyName },
    displayName: `${givenName} ${familyName}`,
    emails: [{ value: userName, type: 'work', primary: true }],
    active: n % 50 !== 0,
    title: 'Engineer',
  };
}

/** The database has to be empty. */
export async function fill(url: string, people: number): Promise<void> {
  const target = await openTarget(() => url);
  const write = async (name: string, rows: readonly Row[]) => {
    const table = TRANSFER_TABLES.find((each) => each.name === name);
    if (table === undefined) throw new Error(`there is no table ${name}`);
    const values = rows.map((row) => table.columns.map((column) => row[column.name] ?? null));
    await target.insert(table, values);
  };
  const tenant = TENANT;
  const times = { created: 1, last_modified: 1 };
  const ids: string[] = [];
  for (let start = 0; start < people; start += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, people - start) }, (_, index) => {
      const attributes = attributesOf(start + index);
      return { id: newId(), n: start + index, attributes, key: fold(attributes.userName) };
    });
    ids.push(...batch.map(({ id }) => id));
    await write(
      'users',
      batch.map(({ id, key }) => ({ id, user_name_key: key, created: 1 })),
    );
    await write(
      'access',
      batch.map(({ id, key, attributes }) => ({
        tenant,
        id,
        user_id: id,
        user_name_key: key,
        attributes: JSON.stringify(attributes),
        version: 1,
        ...times,
      })),
    );
    await write(
      'search_documents',
      batch.map(({ id, attributes }) => ({
        tenant,
        id,
        document: JSON.stringify(searchDocument(attributes, STANDARD_RESOURCE_TYPES.user)),
      })),
    );
    await write(
      'access_values',
      batch.flatMap(({ id, attributes }) =>
        lookupValues(attributes).map(({ active, isUserName, value, path }) => ({
          tenant,
          active: Number(active),
          is_user_name: Number(isUserName),
          value,
          access_id: id,
          path,
        })),
      ),
    );
    await write(
      'external_ids',
      batch.flatMap(({ id, n }) =>
        [INTEGRATION, ...(n % 1_000 === 0 ? [SMALL_INTEGRATION] : [])].map((integration) => ({
          tenant,
          integration_id: integration.id,
          resource_id: id,
          resource_type: 'User',
          external_id: `${integration.name}-${n}`,
        })),
      ),
    );
  }
  const addGroup = async (displayName: string, members: readonly string[], type = 'User') => {
    const id = newId();
    const attributes = { displayName };
    await write('groups', [
      {
        tenant,
        id,
        display_name_key: fold(displayName),
        attributes: JSON.stringify(attributes),
        version: 1,
        ...times,
      },
    ]);
    for (let start = 0; start < members.length; start += 1_000) {
      await write(
        'group_members',
        members
          .slice(start, start + 1_000)
          .map((member) => ({ tenant, group_id: id, member_id: member, member_type: type })),
      );
    }
    return id;
  };
  const every = (step: number) => ids.filter((_, index) => index % step === step - 1);
  const members = [every(Math.ceil(people / 100)), every(Math.ceil(people / 5_000)), every(5), ids];
  const groups: string[] = [];
  for (const [index, each] of members.entries()) {
    groups.push(await addGroup(GROUPS[index] ?? '', each));
  }
  for (let n = 0; n < 2_000; n++)
    await addGroup(`Team ${word(n)} ${n}`, ids.slice(n * 20, n * 20 + 20));
  await addGroup('Nested', groups, 'Group');
  const inactive = Math.ceil(people / 50);
  const totals = { users: people, groups: 2_005, inactive_users: inactive };
  await write(
    'counters',
    Object.entries(totals).map(([name, value]) => ({ tenant, name, slot: 0, value })),
  );
  await write(
    'integrations',
    [INTEGRATION, SMALL_INTEGRATION].map(({ id, name }) => ({
      id,
      tenant,
      cluster_uid: 'cluster',
      namespace: tenant,
      namespace_uid: 'namespace',
      name,
      uid: name,
      enabled: 1,
      allowed: 1,
      deletion_policy: 'Retain',
      ended_at: null,
      last_request_at: 1,
    })),
  );
  await target.commit();
  await target.close();
}
