/**
 * Two operators that both believe they are alone, which a Lease can't rule out entirely. Nothing
 * may be done twice.
 */
import { describe, expect, it } from 'vitest';
import { hashToken } from '../../src/directory/tokens.ts';
import { EVENTS, type KubeObject } from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { TestIntegration, useOperator } from '../support/operator/fixture.ts';

const fixture = useOperator();

interface Event extends KubeObject {
  readonly reason: string;
}

async function eventsOf({ namespace }: TestIntegration, reason: string): Promise<number> {
  const { items } = await fixture.admin.list<Event>(EVENTS, { namespace });
  return (items ?? []).filter((event) => event.reason === reason).length;
}

async function settled(integrations: readonly TestIntegration[], reason: string): Promise<void> {
  await Promise.all(integrations.map((integration) => integration.settled('True', reason)));
}

describe('two leaders at once', () => {
  it('give each integration one id and one token, with the same outcome as a single leader', async () => {
    const operators = [fixture.start(), fixture.start()];
    const integrations = await Promise.all(
      Array.from({ length: 10 }, () => TestIntegration.create(fixture)),
    );
    await settled(integrations, 'Succeeded');
    for (const integration of integrations) {
      await eventually(async () => {
        const { status } = await integration.get();
        const hash = hashToken(await integration.token());
        const tokens = await fixture.store.tokens.list(status?.integrationId ?? '');
        expect(tokens).toMatchObject([{ hash, pending: false, keyId: status?.tokenKeyId }]);
        expect(await integration.authenticate(await integration.token())).toBeDefined();
      });
      // There is no event if one leader revoked the other's hash before it was confirmed, and the
      // hash was then adopted from the Secret.
      expect(await eventsOf(integration, 'TokenGenerated')).toBeLessThanOrEqual(1);
    }

    for (const integration of integrations) await integration.patch({ spec: { enabled: false } });
    await settled(integrations, 'Disabled');
    const before = await Promise.all(
      integrations.map(async (integration) => (await integration.secret()).metadata),
    );
    for (const integration of integrations) await integration.patch({ spec: { enabled: true } });
    await settled(integrations, 'Succeeded');
    const after = await Promise.all(
      integrations.map(async (integration) => (await integration.secret()).metadata),
    );
    expect(after.map(({ uid }) => uid)).toEqual(before.map(({ uid }) => uid));

    const ids = await Promise.all(
      integrations.map(async (integration) => (await integration.get()).status?.integrationId),
    );
    for (const integration of integrations) await integration.delete();
    for (const id of ids) {
      await eventually(async () => {
        expect((await fixture.store.integrations.get(id ?? ''))?.endedAt).toBeDefined();
        expect(await fixture.store.tokens.list(id ?? '')).toEqual([]);
      });
    }
    await Promise.all(operators.map((operator) => operator.stop()));
  });
});
