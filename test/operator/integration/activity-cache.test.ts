import { describe, expect, it } from 'vitest';
import { ActivityCache } from '../../../src/operator/integration/activity-cache.ts';
import { useSqlite } from '../../support/directory/sqlite.ts';

describe('the activity of an integration', () => {
  it('is read from the directory at most once a minute, however often it is requested', async () => {
    const { store, close } = await useSqlite();
    const record = {
      id: 'an_id_of_21_character',
      clusterUid: 'c',
      namespace: 'acme',
      name: 'okta',
      tenant: 'acme',
      uid: 'u',
      namespaceUid: 'n',
      enabled: true,
      allowed: true,
      deletionPolicy: 'Retain',
      endedAt: undefined,
    } as const;
    let time = 1_000_000;
    const cache = new ActivityCache(store.integrations, () => time);
    const at = async (seconds: number) => {
      time = 1_000_000 + seconds * 1000;
      return (await cache.read(record.id)).lastRequestAt;
    };
    await store.integrations.put(record);
    await store.integrations.touch(new Map([[record.id, 1]]));
    expect(await at(0)).toBe(1);
    await store.integrations.touch(new Map([[record.id, 2]]));
    expect(await at(59)).toBe(1);
    expect(await at(60)).toBe(2);
    await store.integrations.touch(new Map([[record.id, 3]]));
    expect(await at(61)).toBe(2);
    cache.forget(record.id);
    expect(await at(62)).toBe(3);
    await close();
  });
});
