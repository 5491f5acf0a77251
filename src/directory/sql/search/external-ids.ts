/**
 * The externalIds of resources that follow each other in the order of their ids. To look them up one
 * by one takes longer than everything else that a page reads of its resources.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Scope } from '../../store/resources.ts';
import type { ResourceRow } from '../lists.ts';
import { named } from '../names.ts';
import type { SearchContext } from '../resource-key.ts';
import type { Slots, Template } from '../template.ts';
import { ask, type Steps } from './steps.ts';

export interface ExternalIdsInput extends Pick<Scope, 'tenant' | 'integrationId'> {
  readonly first: string;
  readonly last: string;
}

export type ExternalIdRow = Pick<ResourceRow, 'id' | 'externalId'>;

/** Those that the integration gave, in order. */
export function externalIdsOfRange(
  { dialect, name }: SearchContext,
  { tenant, integrationId, first, last }: Slots<ExternalIdsInput>,
): SQL<ExternalIdRow> {
  const x = named(dialect.tables.externalIds, 'x');
  return sql`
    SELECT ${x.resourceId} AS id, ${x.externalId} AS "externalId"
    FROM ${x.table}
    WHERE ${x.integrationId} = ${integrationId}
      AND ${x.tenant} = ${tenant}
      AND ${x.resourceType} = ${sql.raw(`'${name}'`)}
      AND ${x.resourceId} >= ${first}
      AND ${x.resourceId} <= ${last}
    ORDER BY ${x.resourceId}
  `;
}

export function* withExternalIds(
  externalIds: Template<ExternalIdsInput, ExternalIdRow>,
  { tenant, integrationId }: Scope,
  rows: readonly ResourceRow[],
): Steps<readonly ResourceRow[]> {
  const [first, last] = [rows[0]?.id, rows.at(-1)?.id];
  if (first === undefined || last === undefined) return rows;
  const found = yield* ask(externalIds, { tenant, integrationId, first, last });
  let next = 0;
  return rows.map((row) => {
    let link = found[next];
    while (link !== undefined && link.id < row.id) link = found[++next];
    return link?.id === row.id ? { ...row, externalId: link.externalId } : row;
  });
}
