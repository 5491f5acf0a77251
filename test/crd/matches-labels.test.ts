import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type LabelSelector, matchesLabels } from '../../src/crd/matches-labels.ts';
import type { Client } from '../../src/kube/client.ts';
import { CONFIG_MAPS } from '../../src/kube/resource.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

const KEYS = ['a', 'b', 'example.com/c'] as const;
const VALUES = ['', 'x', 'y'] as const;

/**
 * Every combination of an absent key and each of its values. A selector over these keys can't
 * distinguish more.
 */
const OBJECTS: readonly Record<string, string>[] = KEYS.reduce<readonly Record<string, string>[]>(
  (objects, key) =>
    objects.flatMap((labels) => [labels, ...VALUES.map((value) => ({ ...labels, [key]: value }))]),
  [{}],
);

const arbitraryRequirement = fc.oneof(
  fc.record({
    key: fc.constantFrom(...KEYS),
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.subarray([...VALUES], { minLength: 1 }),
  }),
  fc.record({
    key: fc.constantFrom(...KEYS),
    operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
  }),
);
const arbitrarySelector: fc.Arbitrary<LabelSelector> = fc.record(
  {
    matchLabels: fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES)),
    matchExpressions: fc.array(arbitraryRequirement, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

/** Formats the selector as a query parameter. */
function queryOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const requirements = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values.join(',')})`;
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
      default:
        throw new Error(operator);
    }
  });
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...labels, ...requirements].join(',');
}

describe('a label selector', () => {
  let client: Client;
  let namespace: string;
  const mine = { test: 'label-selector' };
  beforeAll(async () => {
    client = adminClient();
    namespace = await createNamespace(client, 'selector');
    for (const [index, labels] of OBJECTS.entries()) {
      const metadata = { namespace, name: `o${index}`, labels: { ...labels, ...mine } };
      await client.create(CONFIG_MAPS, { metadata }, TEST_MANAGER);
    }
  });

  it('selects the same objects as the API server', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySelector, async (selector) => {
        const ours = { ...selector, matchLabels: { ...selector.matchLabels, ...mine } };
        const labelSelector = queryOf(ours);
        const { items } = await client.list(CONFIG_MAPS, { namespace, labelSelector });
        const selected = (items ?? []).map(({ metadata }) => metadata.name);
        const matching = OBJECTS.flatMap((labels, index) =>
          matchesLabels(ours, { ...labels, ...mine }) ? [`o${index}`] : [],
        );
        expect(matching.sort()).toEqual(selected.sort());
      }),
      { numRuns: 200 },
    );
  });

  it('selects everything if it is empty', () => {
    for (const labels of OBJECTS) expect(matchesLabels({}, labels)).toBe(true);
  });

  it('never mistakes a built-in property for a label', () => {
    const expression = (operator: 'Exists' | 'DoesNotExist') =>
      matchesLabels({ matchExpressions: [{ key: 'constructor', operator }] }, {});
    expect(expression('Exists')).toBe(false);
    expect(expression('DoesNotExist')).toBe(true);
  });

  it('selects nothing if it has an unknown operator', () => {
    const unknown = JSON.parse('{"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}]}');
    expect(matchesLabels(unknown, { a: '2' })).toBe(false);
  });
});
