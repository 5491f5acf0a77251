/** What the console needs to know about sign-in and access. */
import type { Hono } from 'hono';

/** A Kubernetes user. */
export interface ConsoleIdentity {
  readonly user: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface ConsoleSession {
  readonly hash: string;
  /** Expected in every form of the session. */
  readonly csrf: string;
  readonly identity: ConsoleIdentity;
  /** Undefined for the holder of a Kubernetes token. */
  readonly tenant: string | undefined;
  readonly person:
    | {
        readonly accessId: string;
        readonly userName: string;
        readonly displayName: string | undefined;
      }
    | undefined;
  /** The name of the identity provider, or `kubernetes`. */
  readonly via: string;
  readonly expiresAt: number;
}

export interface ConsoleSignIn {
  /** Serves /oauth and /logout. */
  readonly app: Hono;
  sessionOf(headers: Headers): Promise<ConsoleSession | undefined>;
  providers(): readonly ConsoleProvider[];
  /** `cookie` is the value of a Set-Cookie header; `refused` is a sentence. */
  signInWithToken(
    token: string,
    headers: Headers,
  ): Promise<{ readonly cookie: string } | { readonly refused: string }>;
}

export interface ConsoleProvider {
  readonly name: string;
  readonly displayName: string;
  readonly tenants: readonly string[];
}

/** What a SubjectAccessReview asks for. */
export interface ConsoleAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name?: string;
}

export interface ConsoleTenant {
  readonly name: string;
  readonly displayName?: string | undefined;
  /** The namespaces that may provision the tenant. */
  readonly namespaces: readonly string[];
}

export interface ConsoleAccess {
  /** Results in the order of the questions; false if no decision was possible. */
  mayEach(
    identity: ConsoleIdentity,
    questions: readonly ConsoleAttributes[],
  ): Promise<readonly boolean[]>;
  tenants(): Promise<readonly ConsoleTenant[]>;
  /** A user of the tenant as Kubernetes sees them; undefined if they are nobody to it. */
  identityOf(tenant: string, accessId: string): Promise<ConsoleIdentity | undefined>;
  /** Which bindings give the identity which roles in the namespace. */
  explain(identity: ConsoleIdentity, namespace: string): Promise<readonly ConsoleGrant[]>;
}

export interface ConsoleGrant {
  readonly role: { readonly kind: string; readonly name: string };
  readonly binding: { readonly kind: string; readonly name: string };
  /** What the binding and the identity have in common. */
  readonly subject: { readonly kind: string; readonly name: string };
  /** The ScimGroupBinding behind the RoleBinding. */
  readonly groupBinding?: { readonly name: string; readonly group: string } | undefined;
}

/** What somebody did in the console. */
export interface ConsoleActivity {
  readonly at: number;
  readonly tenant: string;
  readonly actor: { readonly kind: 'person' | 'kubernetes'; readonly name: string };
  readonly operation:
    | 'create'
    | 'delete'
    | 'enable'
    | 'disable'
    | 'rotate'
    | 'attach'
    | 'detach'
    | 'unbind'
    | 'endSessions'
    | 'createSetupLink'
    | 'showToken';
  readonly resource: {
    readonly type: 'User' | 'Group' | 'ScimIntegration' | 'ScimGroupBinding' | 'Session';
    readonly id: string;
    readonly name: string;
  };
  readonly requestId: string | undefined;
  readonly version: number | undefined;
  readonly change: Readonly<
    Record<string, { readonly before?: unknown; readonly after?: unknown }>
  >;
}

export interface ConsoleActivityLog {
  append(entry: ConsoleActivity): Promise<void>;
}
