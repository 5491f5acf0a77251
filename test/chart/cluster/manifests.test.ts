/** dist/install.yaml, applied to a cluster that has nothing yet. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../../hack/control-plane/start.ts';
import { printManifests } from '../../../hack/manifests/manifests.ts';
import type { Client } from '../../../src/kube/client.ts';
import { CONFIG_MAPS, type KubeObject, SECRETS } from '../../../src/kube/resource.ts';
import { objectsIn, only, RELEASE, useHelm } from '../../support/chart/helm.ts';
import { AnyObjects } from '../../support/kube/any-objects.ts';
import { adminClient } from '../../support/kube/cluster.ts';

useHelm();
let controlPlane: ControlPlane;
let admin: Client;
let text: string;
beforeAll(async () => {
  controlPlane = await startControlPlane({ controllerManager: false, log: () => undefined });
  admin = adminClient(controlPlane.kubeconfig);
  text = await printManifests();
});
afterAll(() => controlPlane.stop());

it('is applied in one go, and again', async () => {
  const objects = new AnyObjects(controlPlane.kubeconfig, RELEASE);
  await objects.apply(text);
  await objects.apply(text);
  await objects.close();
  await admin.get<KubeObject>(CONFIG_MAPS, { namespace: RELEASE, name: RELEASE });
  await admin.get<KubeObject>(SECRETS, { namespace: RELEASE, name: 'scim-operator-database' });
});

it('has three values to change, which the pod uses', () => {
  const marked = text.split('\n').filter((line) => line.endsWith('# CHANGE'));
  expect(marked.map((line) => line.trim().split(':')[0])).toEqual([
    'url',
    'SCIM_OPERATOR_PUBLIC_URL',
    'image',
  ]);
  const { spec } = only(objectsIn(text), 'Deployment');
  expect(spec).toMatchObject({
    template: {
      spec: {
        containers: [
          {
            envFrom: [{ configMapRef: { name: RELEASE } }],
            env: expect.arrayContaining([
              {
                name: 'SCIM_OPERATOR_DATABASE_URL',
                valueFrom: { secretKeyRef: { name: 'scim-operator-database', key: 'url' } },
              },
            ]),
          },
        ],
      },
    },
  });
});

it('does not claim that helm manages the objects', () => {
  expect(text).not.toMatch(/managed-by: Helm|helm\.sh\/chart/);
});
