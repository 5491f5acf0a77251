/** Filters of one shape share their statements, and no other filters do. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compose as composePostgres } from '../../../../src/directory/postgres/connection/connections.ts';
import { postgresDialect } from '../../../../src/directory/postgres/dialect.ts';
import { conditionCompiler, type SearchDialect } from '../../../../src/directory/sql/conditions.ts';
import { resourceHolder } from '../../../../src/directory/sql/resource-conditions.ts';
import { searchContext } from '../../../../src/directory/sql/resource-key.ts';
import { ListPlans } from '../../../../src/directory/sql/search/list-plans.ts';
import { shapeOf, withSlots } from '../../../../src/directory/sql/search/shape.ts';
import { type Compose, Template } from '../../../../src/directory/sql/template.ts';
import { compose as composeSqlite } from '../../../../src/directory/sqlite/connections.ts';
import { sqliteDialect } from '../../../../src/directory/sqlite/dialect.ts';
import type { Query, Scope } from '../../../../src/directory/store/resources.ts';
import type { Comparable, Condition } from '../../../../src/scim/condition.ts';
import { resolveFilter } from '../../../../src/scim/condition-resolver.ts';
import { parseFilter } from '../../../../src/scim/filter-parser.ts';
import { STANDARD_RESOURCE_TYPES } from '../../../../src/scim/resource-types.ts';
import type { ResourceType } from '../../../../src/scim/schema.ts';
import { filters, ODDITIES } from '../../../support/scim/arbitrary-resources.ts';

const { user } = STANDARD_RESOURCE_TYPES;
const TYPE: ResourceType = {
  ...user,
  extensions: [...user.extensions, { schema: ODDITIES, required: false }],
};
const SCOPE: Scope = { tenant: 'acme', integrationId: 'okta' };
const DATABASES: readonly [string, SearchDialect, Compose][] = [
  ['SQLite', sqliteDialect, composeSqlite],
  ['PostgreSQL', postgresDialect, composePostgres],
];
const VALUES = [
  'a',
  'b',
  'User',
  'Group',
  user.schema.id,
  ODDITIES.id,
  'W/"1"',
  '2026-01-01T00:00:00Z',
];
const conditions = filters(TYPE, VALUES).map((filter) => resolveFilter(filter, TYPE));

/** The text with the values in place of parameters. */
function inlined({ sql, params }: ReturnType<Template<object, unknown>['statement']>): string {
  let count = 0;
  return sql.replace(/\$(\d+)|\+\?/g, (_, position) =>
    JSON.stringify(params[position === undefined ? count++ : Number(position) - 1]),
  );
}

describe.each(DATABASES)('a filter on %s', (_, dialect, compose) => {
  const context = searchContext(dialect, 'User', TYPE);
  const composed = (condition: Condition<Comparable>) =>
    new Template<object, unknown>(
      compose(conditionCompiler(dialect)(condition, resourceHolder(context))),
    ).statement(SCOPE);
  const planned = (condition: Condition) => {
    const slots = withSlots(condition);
    const { literals } = shapeOf(condition);
    const template = new Template<object, unknown>(
      compose(conditionCompiler(dialect)(slots, resourceHolder(context))),
    );
    return template.statement({ ...literals, ...SCOPE });
  };

  it('with slots for its values becomes what it becomes with the values', () => {
    fc.assert(
      fc.property(conditions, (condition) => {
        expect(inlined(planned(condition))).toBe(inlined(composed(condition)));
      }),
      { numRuns: 1000 },
    );
  });

  it('shares its statement with the filters of its shape only', () => {
    const texts = new Map<string, string>();
    fc.assert(
      fc.property(conditions, (condition) => {
        const { key } = shapeOf(condition);
        const { sql } = composed(condition);
        expect(texts.get(key) ?? sql).toBe(sql);
        texts.set(key, sql);
      }),
      { numRuns: 2000 },
    );
    expect(texts.size).toBeGreaterThan(100);
  });

  it('runs the statement that was composed for another one with its own values', () => {
    const plans = new ListPlans(context, compose);
    const fresh = () => new ListPlans(context, compose);
    const queries = fc.record({
      filter: fc.option(conditions, { nil: undefined }),
      start: fc.constantFrom<Query['start']>(
        { offset: 0 },
        { offset: 7 },
        { after: undefined },
        { after: { id: 'x' } },
      ),
      limit: fc.constantFrom(1, 100),
    });
    fc.assert(
      fc.property(queries, ({ filter, ...rest }) => {
        const query: Query = { ...rest, related: false, ...(filter && { filter }) };
        const statements = ({ plan, input }: ReturnType<ListPlans['of']>) =>
          [plan.page, plan.total].map((template) => template.statement(input));
        expect(statements(plans.of(SCOPE, query))).toEqual(statements(fresh().of(SCOPE, query)));
      }),
      { numRuns: 1000 },
    );
  });

  it('is composed once', () => {
    const plans = new ListPlans(context, compose);
    const planOf = (text: string) => {
      const filter = resolveFilter(parseFilter(text), TYPE);
      return plans.of(SCOPE, { filter, start: { offset: 0 }, limit: 1, related: false }).plan;
    };
    const plan = planOf('userName eq "a" and active eq true');
    expect(planOf('userName eq "b" and active eq false')).toBe(plan);
    expect(plan.page).toBe(plan.page);
    for (const other of [
      'userName eq null and active eq true',
      'active eq true',
      'userName eq "a"',
    ])
      expect(planOf(other)).not.toBe(plan);
  });
});
