/** What every page of the console gets. */
import type { Context, Hono } from 'hono';
import type { Access } from '../access/access.ts';
import type { NamingRule } from '../directory/kubernetes-names.ts';
import type { Store } from '../directory/store/store.ts';
import type { ServerBindings } from '../http/application.ts';
import type { Client } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Logger } from '../logger.ts';
import type { SignIn } from '../sso/sign-in.ts';
import type { ConsoleMetrics } from './http/metrics.ts';
import type { TenantVisit } from './tenant-visit.ts';
import type { Visit } from './visit.ts';

export interface ConsoleContext {
  readonly store: Store;
  readonly signIn: SignIn;
  readonly access: Pick<Access, 'mayEach' | 'tenants' | 'explain' | 'identityOf'>;
  /** How users and groups are called in Kubernetes. */
  readonly naming: NamingRule;
  /** What the providers of sign-in give everybody in the tenant: names of ClusterRoles. */
  readonly defaultRolesOf: (tenant: string) => readonly string[];
  /** Whether the operator gives roles to groups. */
  readonly groupBindings: boolean;
  /** Reads and writes as the operator, after the permission of the visitor was checked. */
  readonly client: Client;
  readonly events: Pick<EventRecorder, 'record'>;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  readonly log: Logger;
  readonly metrics: ConsoleMetrics;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * `visit` is set for everything that a session is required for, and `tenant` below
 * `/console/{tenant}`.
 */
export interface ConsoleEnv {
  readonly Bindings: ServerBindings;
  readonly Variables: {
    requestId: string;
    /** When the request arrived, in milliseconds since the epoch. */
    now: number;
    visit: Visit;
    /** The fields of a POST, which are proven to be sent by a page of the visitor. */
    form: URLSearchParams;
    tenant: TenantVisit;
  };
}

export type ConsoleRoutes = Hono<ConsoleEnv>;
export type ConsoleRequest = Context<ConsoleEnv>;
