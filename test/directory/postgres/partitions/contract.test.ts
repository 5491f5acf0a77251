/**
 * The store contract on tables that are partitioned by tenant, and a check of every statement's
 * plan: a statement that concerns a tenant touches one partition.
 */
import { describe, expect, it } from 'vitest';
import {
  keysOf,
  tenantTables,
  usePartitions,
  watchPartitions,
} from '../../../support/directory/partitions.ts';
import { storeContract } from '../../store-contract.ts';

/** Statements that concern all tenants, by what they are for. */
const OPERATOR_WIDE: Readonly<Record<string, RegExp>> = {
  'metrics: the totals of all tenants': /FROM "public"\."counters" GROUP BY tenant$/,
  'metrics: live integrations': /from "public"\."integrations" where \S+ is null$/,
  'metrics: tokens of live integrations': /from "public"\."tokens" inner join/,
  'the operator: integrations of its cluster': /from "public"\."integrations" where \S+ = \$1$/,
  'the operator: integrations that were active': /AND tenant IN \( SELECT tenant FROM/,
  'the operator: owners of tenants': /^select [^(]+ from "public"\."tenant_owners"$/,
  'the operator: governed tenants': /^select [^(]+ from "public"\."governed_tenants"$/,
  'the operator: groups that it follows': /FROM unnest\([^)]*\) AS \w\([^)]*\) JOIN "public"/,
  'pruning: the last requests': /^DELETE FROM "public"\."recent_requests" WHERE \(tenant/,
  'pruning: sessions': /^DELETE FROM "public"\."sessions" WHERE expires_at <=/,
  'pruning: the next tenant of the activity log': /^SELECT min\(tenant\) AS tenant/,
  'sign-outs that a provider sends': /^DELETE FROM "public"\."sessions" WHERE \(?issuer =/,
  'whether tables were analysed': /^SELECT 1 FROM pg_class/,
};

const wide = watchPartitions();

describe('the tables of tenants', () => {
  it('have keys that begin with the tenant', () => {
    const keys = tenantTables.flatMap(keysOf);
    expect(keys.map(([first]) => first)).toEqual(keys.map(() => 'tenant'));
    expect(tenantTables.length).toBeGreaterThan(10);
  });
});

storeContract('PostgreSQL with partitions by tenant', usePartitions);

describe('the statements of the contract', () => {
  it('touch one partition each, unless they concern all tenants', () => {
    const found = wide();
    const isKnown = (text: string) => Object.values(OPERATOR_WIDE).some((each) => each.test(text));
    expect(found.filter((text) => !isKnown(text))).toEqual([]);
    const needless = Object.entries(OPERATOR_WIDE).filter(
      ([, known]) => !found.some((text) => known.test(text)),
    );
    expect(needless).toEqual([]);
  });
});
