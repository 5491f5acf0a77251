/** Restricts the directory to the time in which this process leads. */
import type { Store } from '../directory/store/store.ts';
import type { Fence } from '../kube/transport.ts';

/**
 * Makes the parts of the directory that the operator uses throw once the lead is lost, so that two
 * operators never write at the same time.
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
