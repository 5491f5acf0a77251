/** The token while the watch of Secrets lags behind the operator's own writes. */
import { expect, it } from 'vitest';
import { NAMESPACES } from '../../../src/kube/resource.ts';
import { createLogger } from '../../../src/logger.ts';
import { createReconcile } from '../../../src/operator/integration/reconcile.ts';
import { unavailable } from '../../../src/scim/error.ts';
import { operatorContext } from '../../support/operator/context.ts';
import { IntegrationProbe, useOperator } from '../../support/operator/fixture.ts';

const fixture = useOperator();

it('a rotated token keeps working after the directory failed in the middle of the rotation', async () => {
  const probe = await IntegrationProbe.create(fixture);
  const { tokens } = fixture.store;
  const away = { is: false };
  const context = operatorContext({
    client: fixture.admin,
    store: {
      ...fixture.store,
      tokens: {
        ...tokens,
        keepOnly: async (...args) => {
          if (away.is) throw unavailable(new Error('away'));
          return tokens.keepOnly(...args);
        },
      },
    },
  });
  const roles = { get: () => undefined, set: () => undefined };
  const reconcile = createReconcile(context, roles, () => undefined);
  context.caches.namespaces.set(await fixture.admin.get(NAMESPACES, { name: probe.namespace }));
  const look = async () => {
    context.caches.integrations.set(await probe.get());
    await reconcile(probe.key, { log: createLogger('silent') }).catch(() => undefined);
  };

  await look();
  // The watch reports nothing after this.
  context.caches.secrets.set(await probe.secret());
  await look();
  const former = await probe.token();
  await probe.patch({ metadata: { annotations: { 'scim-operator.dev/rotate': 'now' } } });
  away.is = true;
  await look();
  const rotated = await probe.token();
  expect(rotated).not.toBe(former);

  away.is = false;
  await look();
  expect(await probe.token()).toBe(rotated);
  expect(await probe.authenticate(rotated)).toBeDefined();
});
