/** What the whole directory holds, for those who watch over it. */
import type { IntegrationRecord } from './integrations.ts';
import type { TokenRecord } from './tokens.ts';

/** What the whole directory holds, for those who watch over it. */
export interface Census {
  /** Tenants that have, or once had, a user or group. */
  readonly tenants: readonly TenantTotals[];
  /** The live ones of every cluster. */
  readonly integrations: readonly CountedIntegration[];
  /**
   * Those of live integrations, without what they could be known by; expired ones too, until they
   * are removed.
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
  readonly tenant: string;
}
