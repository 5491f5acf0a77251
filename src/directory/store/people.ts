/** What the console reads about the people of a tenant, across integrations. */
import type { Attributes } from '../../scim/resource.ts';
import type { ProviderIdentity } from './identities.ts';

/** What people can be found by when they sign in. */
export type PersonKey = 'userName' | 'externalId' | 'email';

export interface PersonMatch {
  readonly id: string;
  readonly userName: string;
  readonly active: boolean;
}

/** An integration that provisioned a user or group. */
interface Provisioner {
  readonly integrationId: string;
  /** The ScimIntegration; undefined if the directory has forgotten it. */
  readonly integration: { readonly namespace: string; readonly name: string } | undefined;
  /** Whether the integration has ended, and what it provisioned was retained. */
  readonly ended: boolean;
  readonly externalId: string | undefined;
}

export interface Person {
  readonly id: string;
  /** Without externalId, of which each provisioner has its own. */
  readonly attributes: Attributes;
  readonly active: boolean;
  readonly version: number;
  readonly created: number;
  readonly lastModified: number;
  readonly provisionedBy: readonly Provisioner[];
  readonly identity: (ProviderIdentity & { readonly boundAt: number }) | undefined;
}

/** The totals of a tenant. */
interface PeopleCounts {
  readonly active: number;
  readonly inactive: number;
  readonly groups: number;
}

export interface PeopleStore {
  /**
   * Compares as SCIM does: externalId exactly, as any live integration gave it, and the others
   * folded. Returns at most ten.
   */
  find(tenant: string, by: PersonKey, value: string): Promise<readonly PersonMatch[]>;
  get(tenant: string, id: string): Promise<Person | undefined>;
  /** At a cost that doesn't depend on the number of people. */
  counts(tenant: string): Promise<PeopleCounts>;
}
