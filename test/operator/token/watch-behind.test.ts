/** The token while the watch of Secrets lags behind the operator's own writes. */
import { expect, it } from 'vitest';
import { NAMESPACES } from '../../../src/kube/resource.ts';
import { createLogger } from '../../../src/logger.ts';
import { createReconcile } from '../../../src/operator/integration/reconcile.ts';
import { unavailable } from '../../../src/scim/error.ts';
import { operatorContext } from '../../support/operator/context.ts';
import { TestIntegration, useOperator } from '../../support/operator/fixture.ts';

const fixture = useOperator();

it('a rotated token keeps working after the directory failed in the middle of the rotation', async () => {
  const integration = await TestIntegration.create(fixture);
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
  context.caches.namespaces.set(
    await fixture.admin.get(NAMESPACES, { name: integration.namespace }),
  );
  const look = async () => {
    context.caches.integrations.set(await integration.get());
    await reconcile(integration.key, { log: createLogger('silent') }).catch(() => undefined);
  };

  await look();
  // The watch reports nothing after this.
  context.caches.secrets.set(await integration.secret());
  await look();
  const former = await integration.token();
  await integration.patch({ metadata: { annotations: { 'scim-operator.dev/rotate': 'now' } } });
  away.is = true;
  await look();
  const rotated = await integration.token();
  expect(rotated).not.toBe(former);

  away.is = false;
  await look();
  expect(await integration.token()).toBe(rotated);
  expect(await integration.authenticate(rotated)).toBeDefined();
});
