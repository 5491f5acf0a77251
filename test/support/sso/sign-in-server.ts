/**
 * Sign-in on a port, with a directory on SQLite, SCIM to provision users, and real identity
 * providers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import {
  type Account,
  type IdentityProvider,
  startIdentityProvider,
} from '../../../hack/identity-provider/start.ts';
import { Visitor } from '../../../hack/identity-provider/visitor.ts';
import type { ActivityEntry } from '../../../src/directory/store/activity.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { HttpServer } from '../../../src/http/server.ts';
import type { Client } from '../../../src/kube/client.ts';
import { SsoConfigFile } from '../../../src/sso/config/file.ts';
import type { SessionLimits } from '../../../src/sso/sessions.ts';
import { createSignIn, type SignIn } from '../../../src/sso/sign-in.ts';
import { captureLog, type LogLine } from '../captured-log.ts';
import { type ScimClient, type ScimServerOptions, startScimServer } from '../scim-server/server.ts';
import { Browser, type BrowserPage } from './browser.ts';
import { plainPages } from './pages.ts';

const CLIENT = { id: 'scim-operator', secret: 'the-secret-of-the-client' };

/** A provider in the configuration, and its fields there apart from those that follow from it. */
export interface ProviderSetup {
  readonly name: string;
  /** The path of the issuer. */
  readonly path?: string;
  readonly tenants?: readonly string[];
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface SignInServer {
  readonly signIn: SignIn;
  readonly store: Store;
  readonly publicUrl: string;
  readonly lines: readonly LogLine[];
  readonly registry: Registry;
  /** What the tenant's activity says about sign-ins. */
  activity(tenant?: string): Promise<readonly ActivityEntry[]>;
  /** Milliseconds by which the server's clock is ahead. */
  ahead: number;
  provider(name: string): IdentityProvider;
  /** An integration of the tenant, which provisions users. */
  scim(tenant?: string): Promise<ScimClient>;
  /** Another process on the same directory, with the same configuration. */
  replica(): Promise<{ readonly signIn: SignIn }>;
  /** Writes the configuration again, and waits until it is in use. */
  configure(providers: readonly ProviderSetup[]): Promise<void>;
  /** The secret of the client, as the configuration has it. */
  setSecret(secret: string): void;
  browser(): Browser;
  /** A person at the provider, with a browser for each side. */
  visitor(provider: string): Visitor;
  /** From the button of the provider to the page or the redirect after it. */
  signInAs(login: string, options?: SignInAs): Promise<BrowserPage>;
  close(): Promise<void>;
}

interface SignInAs {
  readonly provider?: string;
  readonly tenant?: string;
  readonly to?: string;
  readonly browser?: Browser;
  readonly visitor?: Visitor;
}

interface SignInServerOptions {
  readonly providers?: readonly ProviderSetup[];
  readonly accounts?: readonly Account[];
  readonly limits?: SessionLimits;
  readonly client?: Pick<Client, 'review'>;
  /** Opens the directory. The default is a new SQLite file. */
  readonly open?: ScimServerOptions['open'];
  /** By default, everybody is called after their userName. */
  readonly identityOf?: (tenant: string, accessId: string) => Promise<{ user: string } | undefined>;
}

/** The registration at the provider. */
export const clientAt = (publicUrl: string, provider: string, secret = CLIENT.secret) => ({
  id: CLIENT.id,
  secret,
  redirectUris: [`${publicUrl}/oauth/callback/${provider}`],
  postLogoutRedirectUris: [`${publicUrl}/logout`],
  backchannelLogoutUri: `${publicUrl}/oauth/backchannel-logout/${provider}`,
});

const HOUR = 3_600_000;
const POLL_MS = 20;

export async function startSignInServer({
  providers = [{ name: 'keycloak', path: '/realms/acme' }],
  accounts = [],
  limits = { idleMs: HOUR, lifetimeMs: 12 * HOUR },
  client = { review: () => Promise.reject(new Error('there is no cluster')) },
  open,
  identityOf,
}: SignInServerOptions = {}): Promise<SignInServer> {
  const folder = mkdtempSync(join(tmpdir(), 'scim-sign-in-'));
  const path = join(folder, 'sso.yaml');
  const clientSecretFile = join(folder, 'secret');
  writeFileSync(clientSecretFile, `${CLIENT.secret}\n`);
  const scimServer = await startScimServer(open === undefined ? {} : { open });
  const { store } = scimServer;
  const { log, lines } = captureLog();
  let app = { fetch: (_: Request): Response | Promise<Response> => new Response() };
  const http = new HttpServer({ fetch: (request) => app.fetch(request) }, log);
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
  const publicUrl = `http://127.0.0.1:${port}`;

  const running = new Map<string, IdentityProvider>();
  for (const { name, path: issuerPath = '' } of providers) {
    const started = await startIdentityProvider({ path: issuerPath, accounts });
    started.putClient(clientAt(publicUrl, name));
    running.set(name, started);
  }
  const providerNamed = (name: string) => {
    const found = running.get(name);
    if (found === undefined) throw new Error(`no provider ${name}`);
    return found;
  };
  const write = (setups: readonly ProviderSetup[]) => {
    const entries = setups.map(({ name, tenants = ['acme'], fields }) => ({
      name,
      issuer: providerNamed(name).issuer,
      clientId: CLIENT.id,
      clientSecretFile,
      tenants,
      ...fields,
    }));
    writeFileSync(path, JSON.stringify({ providers: entries }));
  };
  write(providers);

  const registry = new Registry();
  const config = await SsoConfigFile.load(path);
  config.startReading(log, registry, POLL_MS);
  const userNameOf = async (tenant: string, accessId: string) => {
    const person = await store.people.get(tenant, accessId);
    return person && { user: `scim:${String(person.attributes.userName)}`, groups: [] };
  };
  const createOn = (to: Registry) =>
    createSignIn({
      publicUrl,
      config,
      store,
      access: {
        identityOf: async (tenant, accessId) => {
          if (identityOf === undefined) return userNameOf(tenant, accessId);
          const identity = await identityOf(tenant, accessId);
          return identity && { ...identity, groups: [] };
        },
      },
      client,
      pages: plainPages,
      limits,
      log,
      registry: to,
      now: () => Date.now() + server.ahead,
      clock: () => performance.now() + server.ahead,
    });

  const server: SignInServer = {
    get signIn() {
      return signIn;
    },
    store,
    publicUrl,
    lines,
    registry,
    activity: async (tenant = 'acme') => {
      const { entries } = await store.activity.list({
        tenant,
        resourceType: 'Session',
        limit: 1_000,
      });
      return entries;
    },
    ahead: 0,
    provider: providerNamed,
    scim: (tenant = 'acme') => scimServer.addIntegration({ tenant }),
    replica: async () => ({ signIn: createOn(new Registry()) }),
    configure: async (setups) => {
      const changed = new Promise<void>((resolve) => config.onChange(() => resolve()));
      write(setups);
      await changed;
    },
    setSecret: (secret) => writeFileSync(clientSecretFile, secret),
    browser: () => new Browser(publicUrl),
    visitor: (name) => new Visitor(providerNamed(name)),
    signInAs: async (login, options = {}) => {
      const { provider = providers[0]?.name ?? '', tenant, to } = options;
      const { browser = server.browser(), visitor = server.visitor(provider) } = options;
      const query = new URLSearchParams({
        ...(tenant === undefined ? {} : { tenant }),
        ...(to === undefined ? {} : { to }),
      });
      const begun = await browser.get(`/oauth/login/${provider}?${query}`);
      if (begun.status !== 303) return begun;
      return browser.get(await visitor.signIn(begun.location, login));
    },
    close: async () => {
      config.stopReading();
      for (const each of running.values()) await each.close();
      await http.close(0);
      await scimServer.close();
      rmSync(folder, { recursive: true });
    },
  };
  const signIn = createOn(registry);
  app = signIn.app;
  return server;
}

/** A SCIM user, as an identity provider creates it. */
export async function provision(
  scim: ScimClient,
  userName: string,
  attributes: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
  const { status, id, text } = await scim.send('POST', '/Users', {
    schemas,
    userName,
    ...attributes,
  });
  if (status !== 201) throw new Error(`the user was not created: ${status} ${text}`);
  return id;
}
