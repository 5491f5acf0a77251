/** The contract of MadeObjectStore. */
import { describe, expect, it } from 'vitest';
import type { Maker } from '../../../src/directory/store/made-objects.ts';
import { type Open, useStore } from './fixture.ts';

const MAKER: Maker = {
  clusterUid: 'cluster',
  kind: 'ScimIntegration',
  namespace: 'acme',
  name: 'okta',
};
const OTHERS: readonly Maker[] = [
  { ...MAKER, clusterUid: 'other' },
  { ...MAKER, kind: 'ScimGroupBinding' },
  { ...MAKER, namespace: 'globex' },
  { ...MAKER, name: 'entra' },
];
const secret = (name: string, uid?: string) => ({ kind: 'Secret', name, uid });

export function madeObjectContract(open: Open): void {
  describe('created objects', () => {
    const opened = useStore(open);

    it('are remembered for their maker alone, each with its last UID', async () => {
      const { madeObjects } = opened();
      expect(await madeObjects.list(MAKER)).toEqual([]);
      await madeObjects.put(MAKER, secret('b'));
      await madeObjects.put(MAKER, secret('a', 'uid-1'));
      await madeObjects.put(MAKER, { kind: 'RoleBinding', name: 'a', uid: 'uid-3' });
      await madeObjects.put(MAKER, secret('b', 'uid-2'));
      await madeObjects.put(MAKER, secret('a'));
      expect(await madeObjects.list(MAKER)).toEqual([
        { kind: 'RoleBinding', name: 'a', uid: 'uid-3' },
        secret('a'),
        secret('b', 'uid-2'),
      ]);
      for (const other of OTHERS) expect(await madeObjects.list(other)).toEqual([]);
    });

    it('are forgotten one by one', async () => {
      const { madeObjects } = opened();
      for (const maker of [MAKER, ...OTHERS]) await madeObjects.put(maker, secret('a', 'uid'));
      await madeObjects.put(MAKER, { kind: 'RoleBinding', name: 'a', uid: 'uid' });
      await madeObjects.forget(MAKER, secret('a'));
      await madeObjects.forget(MAKER, secret('never'));
      expect(await madeObjects.list(MAKER)).toEqual([
        { kind: 'RoleBinding', name: 'a', uid: 'uid' },
      ]);
      for (const other of OTHERS)
        expect(await madeObjects.list(other)).toEqual([secret('a', 'uid')]);
    });

    it('show which makers of a kind created any in a cluster', async () => {
      const { madeObjects } = opened();
      for (const maker of [MAKER, ...OTHERS])
        for (const name of ['a', 'b']) await madeObjects.put(maker, secret(name, 'uid'));
      expect(await madeObjects.makers('cluster', 'ScimIntegration')).toEqual([
        { ...MAKER, name: 'entra' },
        MAKER,
        { ...MAKER, namespace: 'globex' },
      ]);
      expect(await madeObjects.makers('nobody', 'ScimIntegration')).toEqual([]);
    });

    it('show which operator looks after them, which is the last one that said so', async () => {
      const { madeObjects } = opened();
      const object = secret('a', 'uid');
      await madeObjects.put(MAKER, { ...object, operator: 'one' });
      await madeObjects.put(MAKER, { ...object, operator: 'two' });
      const operator = 'two';
      expect(await madeObjects.list(MAKER)).toEqual([{ ...object, operator }]);
      expect(await madeObjects.makers('cluster', 'ScimIntegration')).toEqual([
        { ...MAKER, operator },
      ]);
    });
  });
}
