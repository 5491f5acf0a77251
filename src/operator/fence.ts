/** The directory for as long as this process leads. */
import type { Store } from '../directory/store/store.ts';
import type { Fence } from '../kube/transport.ts';

/**
 * What the operator uses of the directory throws once the lead is lost, so that two operators never
 * write at once.
 */
export function fencedStore(store: Store, fence: Fence): Store {
  const behindFence = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, name) => {
        fence.permit();
        return Reflect.get(target, name, target);
      },
    });
  return {
    ...store,
    integrations: behindFence(store.integrations),
    tokens: behindFence(store.tokens),
    madeObjects: behindFence(store.madeObjects),
  };
}
