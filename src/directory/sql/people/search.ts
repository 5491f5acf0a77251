/** The search for people, in the same way on both databases. */
import { sql } from 'drizzle-orm';
import { compareText, fold } from '../../../scim/text.ts';
import type { PeopleQuery, PeopleStore, PersonSummary } from '../../store/people.ts';
import { lookupValues } from '../lookup-values.ts';
import { pageCursor, pageKey } from './cursor.ts';
import type { PeopleDatabase } from './database.ts';
import { inactiveUsers, inGroup, isActive, type PeopleFilter, provisionedBy } from './filters.ts';
import { type Place, placesIn, type Range } from './name-index.ts';
import { type ListedPerson, listedPeople } from './summaries.ts';

/**
 * Places that are compared with the filters for one page: first a few, which are enough for most
 * searches, and then more at once.
 */
const BATCHES = [500, 1_000, 1_500];
/** If so few people fit a filter, all of them are read instead. */
const FEW = 1_000;
/** People who are read for one page of everybody who fits a filter. */
const MOST_READ = 1_000;
/** People that one statement reads. */
const READ = 500;

/** A person, and the place at which a list shows them. */
type Found = Place & { readonly summary: PersonSummary };

/** What a page is read with. */
interface Search {
  readonly database: PeopleDatabase;
  readonly tenant: string;
  readonly range: Range;
  readonly active: boolean | undefined;
  readonly filters: readonly PeopleFilter[];
  /** The number of people that fill the page, and one more. */
  readonly wanted: number;
}

/** People in the order of their places. `last` is where the search stopped, unless it has ended. */
interface Progress {
  readonly found: readonly Found[];
  readonly last: Place | undefined;
}

export function createSearch(database: PeopleDatabase): Pick<PeopleStore, 'search'> {
  return {
    search: async (tenant, query) => {
      const search = await searchFor(database, tenant, query);
      if (search === undefined) return { people: [], next: undefined };
      const { found, last } = await howToRead(search)(search);
      const people = found.slice(0, query.limit);
      const end = found.length > query.limit ? people.at(-1) : last;
      return {
        people: people.map(({ summary }) => summary),
        next: end && pageCursor(end.value, end.id),
      };
    },
  };
}

/** Undefined if nobody can fit. */
async function searchFor(
  database: PeopleDatabase,
  tenant: string,
  { text = '', active, groupId, integrationId, after, limit }: PeopleQuery,
): Promise<Search | undefined> {
  const [value = '', id] = pageKey(after, 2) ?? [];
  const prefix = fold(text.trimStart());
  // PostgreSQL has no text with NUL, so nothing begins with it.
  if (prefix.includes('\0')) return undefined;
  const group = groupId === undefined ? undefined : await inGroup(database, tenant, groupId);
  if (groupId !== undefined && group === undefined) return undefined;
  return {
    database,
    tenant,
    range: {
      tenant,
      // Without a text, nobody is found by anything but the userName, so that each is found once.
      names: prefix !== '' ? undefined : active === false ? 'inactive' : 'all',
      prefix,
      after: id === undefined || value < prefix ? undefined : { value, id },
    },
    active,
    filters: [
      ...(group === undefined ? [] : [group]),
      ...(integrationId === undefined ? [] : [provisionedBy(database, tenant, integrationId)]),
    ],
    wanted: limit + 1,
  };
}

function howToRead({ filters, range, active }: Search): (search: Search) => Promise<Progress> {
  if (filters.length > 0) return range.prefix === '' ? everybodyWhoFits : filtered;
  return active === undefined || range.names === 'inactive' ? unfiltered : filtered;
}

async function unfiltered(search: Search): Promise<Progress> {
  const { database, range, wanted } = search;
  const size = 2 * wanted;
  const found: Found[] = [];
  let { after } = range;
  for (;;) {
    const places = await database.all(placesIn(database, { ...range, after }, size));
    found.push(...(await peopleAt(search, places)));
    if (places.length < size) return { found, last: undefined };
    if (found.length >= wanted) return { found, last: undefined };
    after = places.at(-1);
  }
}

/** Reads what one of the filters finds, in the order of ids. */
async function everybodyWhoFits(search: Search): Promise<Progress> {
  const { database, range, wanted, filters } = search;
  const [first, ...others] = await narrowestFirst(filters);
  const size = 2 * wanted;
  const found: Found[] = [];
  let last = range.after?.id ?? '';
  for (let read = 0; first !== undefined && read < MOST_READ; read += size) {
    const ids = await first.next(last, size);
    found.push(...(await everybody(search, await fitting(database, ids, others))));
    last = ids.at(-1) ?? last;
    if (found.length >= wanted || ids.length < size) return { found, last: undefined };
  }
  return { found, last: { value: '', id: last } };
}

async function narrowestFirst(filters: readonly PeopleFilter[]): Promise<readonly PeopleFilter[]> {
  if (filters.length === 1) return filters;
  for (const filter of filters) {
    const { length } = await filter.next('', FEW + 1);
    if (length <= FEW) return [filter, ...filters.filter((each) => each !== filter)];
  }
  return filters;
}

/** Compares the places that fit the text with the filters. */
async function filtered(search: Search): Promise<Progress> {
  const { database, tenant, range, active, filters, wanted } = search;
  const fits: Range['fits'] = (id) => {
    const activity = active === undefined ? [] : [isActive(database, tenant, id, active)];
    return sql.join([...filters.map((filter) => filter.fits(id)), ...activity], sql` AND `);
  };
  const size = 2 * wanted;
  const found: Found[] = [];
  let { after } = range;
  for (const batch of BATCHES) {
    const [until] = await database.all(placesIn(database, { ...range, after }, 1, batch - 1));
    const places = await database.all(placesIn(database, { ...range, after, until, fits }, size));
    found.push(...(await peopleAt(search, places)));
    const isFull = places.length === size;
    if (found.length >= wanted || (until === undefined && !isFull)) {
      return { found, last: undefined };
    }
    if (after === range.after) {
      const few = await amongFew(search);
      if (few !== undefined) return few;
    }
    after = isFull ? places.at(-1) : until;
  }
  return { found, last: after };
}

/** Reads everybody who is inactive or fits a filter, if that is cheaper than reading the index. */
async function amongFew(search: Search): Promise<Progress | undefined> {
  const { database, tenant, range, active, filters } = search;
  const narrow = [
    ...(active === false ? [() => inactiveUsers(database, tenant, FEW + 1)] : []),
    ...filters.map((filter) => () => filter.next('', FEW + 1)),
  ];
  for (const some of narrow) {
    const ids = await some();
    if (ids.length > FEW) continue;
    const found = await everybody(search, await fitting(database, ids, filters));
    const later = found.filter((each) => range.after === undefined || isBehind(each, range.after));
    return { found: later.toSorted(byPlace), last: undefined };
  }
  return undefined;
}

/** The people with these ids who fit the text, in the order of the ids. */
async function everybody(search: Search, ids: readonly string[]): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (let start = 0; start < ids.length; start += READ) {
    const listed = await listedPeople(
      search.database,
      search.tenant,
      ids.slice(start, start + READ),
    );
    for (const id of ids.slice(start, start + READ)) {
      const person = listed.get(id);
      const value = person && placeOf(person, search);
      if (person && value !== undefined) found.push({ value, id, summary: person.summary });
    }
  }
  return found;
}

/** The people who are shown at these places, in order. */
async function peopleAt(search: Search, places: readonly Place[]): Promise<readonly Found[]> {
  const { database, tenant } = search;
  const ids = [...new Set(places.map(({ id }) => id))];
  const listed = await listedPeople(database, tenant, ids);
  return places.flatMap(({ value, id }) => {
    const person = listed.get(id);
    if (person === undefined || placeOf(person, search) !== value) return [];
    return [{ value, id, summary: person.summary }];
  });
}

/**
 * The value at which the search shows the person, if at all: the first one that fits, so that each
 * person is shown once.
 */
function placeOf(
  { summary, attributes }: ListedPerson,
  { range, active }: Search,
): string | undefined {
  if (active !== undefined && active !== summary.active) return undefined;
  if (range.prefix === '') return fold(summary.userName);
  return lookupValues(attributes).find(({ value }) => value.startsWith(range.prefix))?.value;
}

/** Those of the users who fit the filters, in the same order. */
async function fitting(
  { dialect, all }: PeopleDatabase,
  ids: readonly string[],
  filters: readonly PeopleFilter[],
): Promise<readonly string[]> {
  if (filters.length === 0 || ids.length === 0) return ids;
  const conditions = filters.map((filter) => filter.fits(sql`u.value`));
  const rows = await all(
    sql<{ readonly id: string }>`
      SELECT u.value AS id
      FROM ${dialect.values(ids, 'u')}
      WHERE ${sql.join(conditions, sql` AND `)}
    `,
  );
  const known = new Set(rows.map(({ id }) => id));
  return ids.filter((id) => known.has(id));
}

const byPlace = (a: Place, b: Place) => compareText(a.value, b.value) || compareText(a.id, b.id);
const isBehind = (place: Place, other: Place) => byPlace(place, other) > 0;
