/**
 * Starts a real OpenID provider on loopback, for tests and for the demo. Accounts and clients may
 * be added while it runs.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { JWTPayload } from 'jose';
import type { ClientMetadata } from 'oidc-provider';
import type { Misbehaviour } from './misbehaviour.ts';
import { type Claims, createProtocol } from './protocol.ts';
import { createRecords } from './records.ts';
import { serveSignIn } from './sign-in.ts';
import { createSigningKey } from './signing-key.ts';

export interface Account {
  /** What the person types as the user name. */
  readonly login: string;
  readonly claims: Claims;
}

export interface ClientRegistration {
  readonly id: string;
  readonly secret: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
  readonly backchannelLogoutUri?: string;
}

export interface IdentityProviderOptions {
  /** A free port by default. */
  readonly port?: number;
  /**
   * The path of the issuer, such as `/realms/acme` of Keycloak or `/application/o/acme/` of
   * authentik. A trailing slash belongs to the issuer. None by default.
   */
  readonly path?: string;
  readonly accounts?: readonly Account[];
  readonly clients?: readonly ClientRegistration[];
}

export interface IdentityProvider {
  readonly issuer: string;
  /** The password of every account. */
  readonly password: string;
  /** Adds an account, or replaces that of the same login. */
  putAccount(account: Account): void;
  removeAccount(login: string): void;
  /** Adds a client, or replaces that of the same id. */
  putClient(client: ClientRegistration): void;
  /** Signs with a new key from now on. The previous one is published only if it is to be kept. */
  rotateKey(keepPrevious: boolean): Promise<void>;
  /** Signs a token with the current key, such as a logout token of one's own. */
  sign(claims: JWTPayload, typ?: string): Promise<string>;
  /**
   * Ends the sessions of the account, as an administrator would, and reports it to the clients.
   * Returns the status of each back-channel request.
   */
  endSessions(login: string): Promise<readonly number[]>;
  /** Replaces the previous misbehaviour. `{}` ends it. */
  misbehave(misbehaviour: Misbehaviour): void;
  close(): Promise<void>;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

export async function startIdentityProvider(
  options: IdentityProviderOptions = {},
): Promise<IdentityProvider> {
  const { path = '' } = options;
  const accounts = new Map<string, Account>();
  const records = createRecords();
  const password = randomBytes(9).toString('base64url');
  const cookieSecret = randomBytes(32).toString('hex');
  let misbehaviour: Misbehaviour = {};
  let key = await createSigningKey();

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.writeHead(500).end(error instanceof Error ? error.stack : String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}${path}`;
  const prefix = path.replace(/\/$/, '');
  const protocolWith = (keys: readonly (typeof key)[]) =>
    createProtocol({
      issuer,
      prefix,
      keys,
      records,
      cookieSecret,
      cookieSuffix: String(port),
      findClaims: (sub) => [...accounts.values()].find(({ claims }) => claims.sub === sub)?.claims,
      misbehaviour: () => misbehaviour,
    });
  let protocol = protocolWith([key]);

  const authenticate = (login: string, given: string) =>
    given === password ? accounts.get(login)?.claims.sub : undefined;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { delayMs = 0, down = false } = misbehaviour;
    if (delayMs > 0) await pause(delayMs, undefined, { ref: false });
    if (down) return void request.socket.destroy();
    const url = request.url ?? '/';
    if (!url.startsWith(`${prefix}/`)) return void response.writeHead(404).end();
    if (url.startsWith(`${prefix}/sign-in/`))
      return serveSignIn(protocol, authenticate, request, response);
    // As Express does for a mounted application. oidc-provider finds its prefix from the two.
    Object.assign(request, { originalUrl: url, url: url.slice(prefix.length) });
    await protocol.callback()(request, response);
  }

  const sign = (claims: JWTPayload, typ?: string) => key.sign(claims, typ);
  const reportEnd = async (uri: string, claims: JWTPayload) => {
    const token = await sign(
      { iss: issuer, iat: Math.floor(Date.now() / 1_000), jti: randomUUID(), ...claims },
      'logout+jwt',
    );
    const body = new URLSearchParams({ logout_token: token });
    return (await fetch(uri, { method: 'POST', body, redirect: 'manual' })).status;
  };

  const provider: IdentityProvider = {
    issuer,
    password,
    putAccount: (account) => void accounts.set(account.login, account),
    removeAccount: (login) => void accounts.delete(login),
    putClient: (client) => records.putClient(metadataOf(client)),
    rotateKey: async (keepPrevious) => {
      const previous = key;
      key = await createSigningKey();
      protocol = protocolWith(keepPrevious ? [key, previous] : [key]);
    },
    sign,
    endSessions: async (login) => {
      const sub = accounts.get(login)?.claims.sub;
      const ended = records.sessions().filter(({ accountId }) => accountId === sub);
      const statuses: number[] = [];
      for (const session of ended) {
        records.deleteSession(session);
        for (const { client_id, backchannel_logout_uri } of records.clients()) {
          const sid = session.authorizations?.[client_id]?.sid;
          if (sub === undefined || sid === undefined || !backchannel_logout_uri) continue;
          const claims = { aud: client_id, sub, sid, events: { [EVENT]: {} } };
          statuses.push(await reportEnd(backchannel_logout_uri, claims));
        }
      }
      return statuses;
    },
    misbehave: (next) => {
      misbehaviour = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  for (const account of options.accounts ?? []) provider.putAccount(account);
  for (const client of options.clients ?? []) provider.putClient(client);
  return provider;
}

function metadataOf(client: ClientRegistration): ClientMetadata {
  const { id, secret, redirectUris, postLogoutRedirectUris = [], backchannelLogoutUri } = client;
  return {
    client_id: id,
    client_secret: secret,
    redirect_uris: redirectUris,
    post_logout_redirect_uris: postLogoutRedirectUris,
    ...(backchannelLogoutUri === undefined
      ? {}
      : {
          backchannel_logout_uri: backchannelLogoutUri,
          backchannel_logout_session_required: true,
        }),
  };
}
