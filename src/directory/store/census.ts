/** What the whole directory contains, for metrics. */
import type { IntegrationRecord } from './integrations.ts';
import type { TokenRecord } from './tokens.ts';

export interface Census {
  /** Tenants that have, or once had, a user or group. */
  readonly tenants: readonly TenantTotals[];
  /** The live integrations of every cluster. */
  readonly integrations: readonly CountedIntegration[];
  /**
   * The tokens of live integrations, without their hashes. Expired ones count until they are
   * removed.
   */
  readonly tokens: readonly CountedToken[];
}

export interface TenantTotals {
  readonly tenant: string;
  readonly users: number;
  readonly groups: number;
}

export interface CountedIntegration
  extends Pick<IntegrationRecord, 'id' | 'tenant' | 'namespace' | 'name' | 'enabled' | 'allowed'> {
  readonly lastRequestAt: number | undefined;
}

export interface CountedToken
  extends Pick<TokenRecord, 'integrationId' | 'keyId' | 'issuedAt' | 'expiresAt'> {
  readonly lastUsedAt: number | undefined;
  readonly tenant: string;
}
