/**
 * Two operators that both believe they are alone, which a Lease can't rule out entirely. Nothing
 * may be done twice.
 */
import { describe, expect, it } from 'vitest';
import { hashToken } from '../../src/directory/tokens.ts';
import { EVENTS, type KubeObject } from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { IntegrationProbe, useOperator } from '../support/operator/fixture.ts';

const fixture = useOperator();

interface Event extends KubeObject {
  readonly reason: string;
}

async function eventsOf({ namespace }: IntegrationProbe, reason: string): Promise<number> {
  const { items } = await fixture.admin.list<Event>(EVENTS, { namespace });
  return (items ?? []).filter((event) => event.reason === reason).length;
}

async function settled(probes: readonly IntegrationProbe[], reason: string): Promise<void> {
  await Promise.all(probes.map((probe) => probe.settled('True', reason)));
}

describe('two leaders at once', () => {
  it('give each integration one id and one token, with the same outcome as a single leader', async () => {
    const operators = [fixture.start(), fixture.start()];
    const probes = await Promise.all(
      Array.from({ length: 10 }, () => IntegrationProbe.create(fixture)),
    );
    await settled(probes, 'Succeeded');
    for (const probe of probes) {
      await eventually(async () => {
        const { status } = await probe.get();
        const hash = hashToken(await probe.token());
        const tokens = await fixture.store.tokens.list(status?.integrationId ?? '');
        expect(tokens).toMatchObject([{ hash, pending: false, keyId: status?.tokenKeyId }]);
        expect(await probe.authenticate(await probe.token())).toBeDefined();
      });
      // There is no event if one leader revoked the other's hash before it was confirmed, and the
      // hash was then adopted from the Secret.
      expect(await eventsOf(probe, 'TokenGenerated')).toBeLessThanOrEqual(1);
    }

    for (const probe of probes) await probe.patch({ spec: { enabled: false } });
    await settled(probes, 'Disabled');
    const before = await Promise.all(probes.map(async (probe) => (await probe.secret()).metadata));
    for (const probe of probes) await probe.patch({ spec: { enabled: true } });
    await settled(probes, 'Succeeded');
    const after = await Promise.all(probes.map(async (probe) => (await probe.secret()).metadata));
    expect(after.map(({ uid }) => uid)).toEqual(before.map(({ uid }) => uid));

    const ids = await Promise.all(
      probes.map(async (probe) => (await probe.get()).status?.integrationId),
    );
    for (const probe of probes) await probe.delete();
    for (const id of ids) {
      await eventually(async () => {
        expect((await fixture.store.integrations.get(id ?? ''))?.endedAt).toBeDefined();
        expect(await fixture.store.tokens.list(id ?? '')).toEqual([]);
      });
    }
    await Promise.all(operators.map((operator) => operator.stop()));
  });
});
