/** Assembles what people use: access, sign-in and the console. */
import { randomUUID } from 'node:crypto';
import type { Registry } from 'prom-client';
import { createAccess } from '../access/access.ts';
import { type Config, OPTIONS } from '../config/options.ts';
import { ConfigError } from '../config/resolve.ts';
import { createConsole, isConsolePath } from '../console/app.tsx';
import { ConsoleMetrics } from '../console/http/metrics.ts';
import { SIGN_IN_PAGES } from '../console/start/sign-in-pages.tsx';
import { GROUP } from '../crd/names.ts';
import type { NamingRule } from '../directory/kubernetes-names.ts';
import type { Store } from '../directory/store/store.ts';
import type { Application } from '../http/application.ts';
import { Client } from '../kube/client.ts';
import type { Connection } from '../kube/connection.ts';
import { EventRecorder } from '../kube/events.ts';
import type { Logger } from '../logger.ts';
import type { DefaultRole } from '../operator/default-role/objects.ts';
import { SsoConfigFile } from '../sso/config/file.ts';
import { SsoConfigError } from '../sso/config/parse.ts';
import { createSignIn } from '../sso/sign-in.ts';

interface PeopleOptions {
  readonly config: Config;
  readonly naming: NamingRule;
  readonly sso: SsoConfigFile | undefined;
  readonly store: Store;
  readonly connection: Connection;
  readonly log: Logger;
  readonly registry: Registry;
}

export interface People {
  readonly app: Application;
  /** Passes the paths of people to `app`, and every other path to SCIM. */
  before(scim: Application): Application;
  stop(): Promise<void>;
}

/** Undefined without --sso-config. Rejects with ConfigError. */
export async function loadSsoConfig({
  ssoConfig,
}: Pick<Config, 'ssoConfig'>): Promise<SsoConfigFile | undefined> {
  if (ssoConfig === undefined) return undefined;
  try {
    return await SsoConfigFile.load(ssoConfig);
  } catch (error) {
    if (!(error instanceof SsoConfigError)) throw error;
    const { flag, variable } = OPTIONS.ssoConfig;
    throw new ConfigError(`--${flag} (${variable}): ${error.message}`);
  }
}

/** The roles that the providers give everybody in their tenants, according to the current file. */
export const defaultRolesOf = ({ providers }: SsoConfigFile): readonly DefaultRole[] =>
  providers.flatMap(({ tenants, defaultRole: clusterRole }) =>
    clusterRole === undefined ? [] : tenants.map((tenant) => ({ tenant, clusterRole })),
  );

export function createPeople(options: PeopleOptions): People {
  const { config, naming, sso, store, connection, log, registry } = options;
  const { publicUrl, watchNamespaces, sessionIdleMs, sessionLifetimeMs } = config;
  const client = new Client(connection);
  const access = createAccess({ client, store, naming, watchNamespaces });
  const signIn = createSignIn({
    publicUrl,
    config: sso,
    store,
    access,
    client,
    pages: SIGN_IN_PAGES,
    limits: { idleMs: sessionIdleMs, lifetimeMs: sessionLifetimeMs },
    log,
    registry,
    now: Date.now,
  });
  const events = new EventRecorder({
    client,
    controller: `${GROUP}/console`,
    instance: `console-${randomUUID()}`,
    log,
  });
  const app = createConsole({
    store,
    signIn,
    access,
    naming,
    defaultRolesOf: (tenant) =>
      (sso === undefined ? [] : defaultRolesOf(sso))
        .filter((each) => each.tenant === tenant)
        .map(({ clusterRole }) => clusterRole),
    groupBindings: config.groupBindings,
    client,
    events,
    publicUrl,
    log,
    metrics: new ConsoleMetrics(registry),
    now: Date.now,
  });
  sso?.startReading(log, registry);
  return {
    app,
    before: (scim) => withPeople(app, scim),
    stop: async () => {
      sso?.stopReading();
      await events.flush();
    },
  };
}

/** Passes the paths of people to one application, and every other path to SCIM. */
export function withPeople(people: Application, scim: Application): Application {
  return {
    fetch: (request, bindings) => {
      const path = pathOf(request.url);
      return isConsolePath(path) || (path === '/' && isForBrowser(request))
        ? people.fetch(request, bindings)
        : scim.fetch(request, bindings);
    },
  };
}

const isForBrowser = ({ method, headers }: Request): boolean =>
  method === 'GET' && (headers.get('accept') ?? '').includes('text/html');

/** As the client sent it. Parsing the whole URL would cost every SCIM request some microseconds. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  if (start === -1) return '/';
  const query = url.indexOf('?', start);
  return query === -1 ? url.slice(start) : url.slice(start, query);
}
