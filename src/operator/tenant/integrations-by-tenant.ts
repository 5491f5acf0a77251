/**
 * An index of the cached integrations by tenant, so that a change of one tenant doesn't look at
 * every integration.
 */
import { tenantOf } from '../../crd/defaults.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { keyOf, keyText, type ObjectKey } from '../../kube/resource.ts';
import type { ObjectStore } from '../../kube/store.ts';

export class TenantIndex {
  readonly #integrations: ObjectStore<KubeIntegration>;
  readonly #keys = new Map<string, Map<string, ObjectKey>>();
  /** An integration that was recreated while nobody watched may have another tenant. */
  readonly #tenants = new Map<string, string>();
  /** Stops following the cache. */
  readonly close: () => void;

  constructor(integrations: ObjectStore<KubeIntegration>) {
    this.#integrations = integrations;
    this.close = integrations.onChange(({ type, object }) => {
      this.#remove(keyText(keyOf(object)));
      if (type !== 'deleted') this.#add(object);
    });
  }

  integrationsOf(tenant: string): readonly KubeIntegration[] {
    return [...(this.#keys.get(tenant)?.values() ?? [])].flatMap(
      (key) => this.#integrations.get(key) ?? [],
    );
  }

  #add(integration: KubeIntegration): void {
    const tenant = tenantOf(integration);
    const key = keyOf(integration);
    const keys = this.#keys.get(tenant) ?? new Map<string, ObjectKey>();
    this.#keys.set(tenant, keys.set(keyText(key), key));
    this.#tenants.set(keyText(key), tenant);
  }

  #remove(key: string): void {
    const tenant = this.#tenants.get(key);
    if (tenant === undefined) return;
    this.#tenants.delete(key);
    const keys = this.#keys.get(tenant);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(tenant);
  }
}
