/** People as lists show them. */
import { type SQL, sql } from 'drizzle-orm';
import { isJsonObject, type JsonValue } from '../../../scim/json.ts';
import type { Attributes } from '../../../scim/resource.ts';
import type { PersonSummary } from '../../store/people.ts';
import { named, type Row } from '../names.ts';
import type { PeopleDatabase } from './database.ts';

interface SummaryRow extends Pick<Row<'access'>, 'id' | 'lastModified'> {
  readonly attributes: string;
}

/** A user's row, read for a list: what is shown, and all that was provisioned. */
export interface ListedPerson {
  readonly summary: PersonSummary;
  readonly attributes: Attributes;
}

/** Reads those of the users that are there. */
export async function listedPeople(
  { dialect, all }: PeopleDatabase,
  tenant: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ListedPerson>> {
  if (ids.length === 0) return new Map();
  const a = named(dialect.tables.access, 'a');
  const user = dialect.lookUp(a, sql`${a.tenant} = ${tenant} AND ${a.id} = i.value`);
  const statement: SQL<SummaryRow> = sql`
    SELECT ${a.id}, ${a.attributes}, ${a.lastModified} AS "lastModified"
    FROM ${dialect.values(ids, 'i')} ${user}
  `;
  const rows = await all(statement);
  return new Map(rows.map((row) => [row.id, listedOf(row)]));
}

function listedOf({ id, attributes: json, lastModified }: SummaryRow): ListedPerson {
  const attributes: Attributes = JSON.parse(json);
  const { userName, displayName, emails, active } = attributes;
  const summary = {
    id,
    userName: String(userName),
    displayName: textOf(displayName),
    email: emailOf(emails),
    active: active === true,
    lastModified,
  };
  return { summary, attributes };
}

function emailOf(emails: JsonValue | undefined): string | undefined {
  if (!Array.isArray(emails)) return undefined;
  const objects = emails.filter(isJsonObject);
  return textOf((objects.find(({ primary }) => primary === true) ?? objects[0])?.value);
}

const textOf = (value: JsonValue | undefined) =>
  typeof value === 'string' && value !== '' ? value : undefined;
