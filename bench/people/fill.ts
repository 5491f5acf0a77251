/** A tenant of many people whose names and groups can be searched. */
import { openFill } from '../directory/fill.ts';

export const TENANT = 'bench';
export const INTEGRATION = { id: 'okta-bench-integration', name: 'okta' };
/** Provisioned every thousandth person. */
export const SMALL_INTEGRATION = { id: 'entra-bench-integratio', name: 'entra' };

/** Groups by the number of their members; `Nested` contains the others. */
export const GROUPS = ['Small', 'Medium', 'Large', 'Everyone', 'Nested'] as const;

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
  const fill = await openFill(url, TENANT);
  const ids = await fill.users({
    count: people,
    attributesOf,
    externalIdsOf: (n) =>
      [INTEGRATION, ...(n % 1_000 === 0 ? [SMALL_INTEGRATION] : [])].map(({ id, name }) => ({
        integrationId: id,
        externalId: `${name}-${n}`,
      })),
  });
  const every = (step: number) => ids.filter((_, index) => index % step === step - 1);
  const members = [every(Math.ceil(people / 100)), every(Math.ceil(people / 5_000)), every(5), ids];
  const groups: string[] = [];
  for (const [index, each] of members.entries())
    groups.push(await fill.group({ displayName: GROUPS[index] ?? '', members: each }));
  for (let n = 0; n < 2_000; n++)
    await fill.group({
      displayName: `Team ${word(n)} ${n}`,
      members: ids.slice(n * 20, n * 20 + 20),
    });
  await fill.group({ displayName: 'Nested', members: groups, type: 'Group' });
  for (const { id, name } of [INTEGRATION, SMALL_INTEGRATION]) await fill.integration(id, name);
  await fill.commit();
}
