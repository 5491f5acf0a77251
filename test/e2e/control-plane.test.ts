import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, inject, it } from 'vitest';
import type { Client } from '../../src/kube/client.ts';
import { isNotFound } from '../../src/kube/errors.ts';
import { CONFIG_MAPS, type KubeObject } from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

let client: Client;
let namespace: string;
beforeAll(async () => {
  client = adminClient();
  namespace = await createNamespace(client, 'control-plane');
});

it('the control plane of the tests deletes the dependents of a deleted owner', async () => {
  const owner = await client.create<KubeObject>(
    CONFIG_MAPS,
    { metadata: { namespace, name: 'owner' } },
    TEST_MANAGER,
  );
  const { uid = '' } = owner.metadata;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
  const child = { metadata: { namespace, name: 'child', ownerReferences } };
  await client.create(CONFIG_MAPS, child, TEST_MANAGER);
  await client.delete(CONFIG_MAPS, { namespace, name: 'owner' });
  await eventually(async () => {
    const left = await client
      .get(CONFIG_MAPS, { namespace, name: 'child' })
      .catch((error: unknown) => {
        if (isNotFound(error, 'child')) return undefined;
        throw error;
      });
    expect(left).toBeUndefined();
  });
});

it('the etcd of the tests listens on a socket that no other user can reach', () => {
  const folder = dirname(inject('kubeconfig'));
  expect(statSync(join(folder, 'etcd.sock')).isSocket()).toBe(true);
  expect(statSync(folder).mode & 0o077).toBe(0);
});
