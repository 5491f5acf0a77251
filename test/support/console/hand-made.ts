/** A console whose visitors, permissions and tenants a test decides. */
import { Hono } from 'hono';
import { Registry } from 'prom-client';
import type { Identity, ResourceAttributes } from '../../../src/access/identity.ts';
import type { TenantInfo } from '../../../src/access/tenants.ts';
import { createConsole } from '../../../src/console/app.tsx';
import type { ConsoleContext } from '../../../src/console/context.ts';
import { ConsoleMetrics } from '../../../src/console/http/metrics.ts';
import type { SignInSession } from '../../../src/sso/sessions.ts';
import { captureLog } from '../captured-log.ts';

export const PUBLIC_URL = 'https://scim.example.com';
export const NOW = Date.UTC(2026, 10, 29, 9, 0, 0);

const SESSION: SignInSession = {
  hash: 'h'.repeat(64),
  csrf: 'proof-of-the-session',
  identity: { user: 'system:serviceaccount:kube-system:admin', groups: [] },
  tenant: undefined,
  person: undefined,
  via: 'kubernetes',
  expiresAt: NOW + 3_600_000,
};

interface HandMade {
  readonly session?: Partial<SignInSession> | undefined;
  readonly tenants?: readonly (Pick<TenantInfo, 'name' | 'namespaces'> & Partial<TenantInfo>)[];
  /** Everything is allowed by default. */
  readonly may?: (identity: Identity, question: ResourceAttributes) => boolean;
  /** What else can be asked about permissions. */
  readonly access?: Partial<ConsoleContext['access']>;
  readonly context?: Partial<ConsoleContext>;
}

/** The cookie `session=1` is that of the visitor. */
export function handMadeConsole({
  session = {},
  tenants,
  may,
  access: asks,
  context,
}: HandMade = {}) {
  const captured = captureLog();
  const asked: ResourceAttributes[] = [];
  const registry = new Registry();
  const signIn: ConsoleContext['signIn'] = {
    app: new Hono(),
    sessionOf: async (headers) =>
      headers.get('cookie') === 'session=1' ? { ...SESSION, ...session } : undefined,
    providers: () => [{ name: 'okta', displayName: 'Okta', tenants: ['acme'] }],
    signInWithToken: async (token) =>
      token === 'good'
        ? { cookie: 'session=1' }
        : { refused: 'The token is not valid.', status: 403 },
  };
  const access: ConsoleContext['access'] = {
    tenants: async () =>
      (tenants ?? [{ name: 'acme', namespaces: ['acme'] }]).map((each) => ({
        displayName: each.name,
        bindingNamespaces: each.namespaces,
        isUsed: true,
        ...each,
      })),
    mayEach: async (identity, questions) => {
      asked.push(...questions);
      return questions.map((question) => may?.(identity, question) ?? true);
    },
    identityOf: async () => undefined,
    explain: async () => [],
    ...asks,
  };
  const app = createConsole({
    store: { sealingKey: '5'.repeat(64) },
    signIn,
    access,
    groupBindings: true,
    defaultRolesOf: () => [],
    naming: { prefix: 'scim:', from: 'userName', case: 'preserve' },
    publicUrl: PUBLIC_URL,
    log: captured.log,
    metrics: new ConsoleMetrics(registry),
    now: () => NOW,
    ...context,
  } as unknown as ConsoleContext);
  return {
    app,
    signIn,
    asked,
    registry,
    lines: captured.lines,
    get: (path: string, headers: Record<string, string> = { cookie: 'session=1' }) =>
      app.request(`${PUBLIC_URL}${path}`, { headers }),
    post: (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
      app.request(`${PUBLIC_URL}${path}`, {
        method: 'POST',
        body: new URLSearchParams(form).toString(),
        headers: {
          cookie: 'session=1',
          origin: PUBLIC_URL,
          'sec-fetch-site': 'same-origin',
          'content-type': 'application/x-www-form-urlencoded',
          ...headers,
        },
      }),
  };
}
