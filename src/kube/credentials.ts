/**
 * The credentials of a kubeconfig's user: headers and a client certificate, reread whenever they
 * are requested.
 */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { Cluster, KubeConfig } from '@kubernetes/client-node';
import { CredentialsError } from './errors.ts';
import { type PluginCredential, runPlugin } from './exec-plugin.ts';
import type { Environment, Impersonation, KubeUser } from './kubeconfig.ts';

export type Headers = Readonly<Record<string, string | string[]>>;

export interface ClientIdentity {
  readonly headers: Headers;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/** Kinds of auth-provider that client-node still supports. */
const PROVIDERS = ['oidc'];

export class Credentials {
  readonly #config: KubeConfig;
  readonly #cluster: Cluster;
  readonly #user: KubeUser;
  readonly #environment: Environment;
  #plugin: PluginCredential | undefined;

  /** Throws an error of one line if the user's credentials can't be used. */
  constructor(config: KubeConfig, cluster: Cluster, environment: Environment) {
    this.#config = config;
    this.#cluster = cluster;
    this.#user = config.getCurrentUser() ?? { name: '' };
    this.#environment = environment;
    const { name, config: settings } = this.#user.authProvider ?? {};
    if (name !== undefined && !settings?.tokenFile && !PROVIDERS.includes(name)) {
      throw new Error(
        `the kubeconfig's user ${this.#user.name} has the auth-provider ${name}, which ` +
          'Kubernetes has removed; use an exec plugin',
      );
    }
  }

  /** Rejects with CredentialsError if there are none. */
  async read(): Promise<ClientIdentity> {
    const impersonation = impersonationHeaders(this.#user.impersonation);
    // Like kubectl, never sends secrets over an unencrypted connection.
    if (!this.#cluster.server.startsWith('https:')) return { headers: impersonation };
    const { headers, ...certificate } = await this.#authentication();
    return { headers: { ...headers, ...impersonation }, ...certificate };
  }

  /** Forgets the output of the plugin, after it was refused. */
  forget(): void {
    this.#plugin = undefined;
  }

  async #authentication(): Promise<ClientIdentity> {
    const { token, username, password, plugin, authProvider, tokenFile } = this.#user;
    const file = tokenFile ?? authProvider?.config?.tokenFile;
    const [cert, key] = await Promise.all([
      fileOr(this.#user.certData, this.#user.certFile),
      fileOr(this.#user.keyData, this.#user.keyFile),
    ]);
    const certificate = cert === undefined || key === undefined ? {} : { cert, key };
    if (typeof file === 'string')
      return { headers: bearer((await readSecret(file)).toString('utf8')), ...certificate };
    if (token) return { headers: bearer(token), ...certificate };
    if (username) {
      const basic = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
      return { headers: { authorization: `Basic ${basic}` }, ...certificate };
    }
    if (plugin !== undefined) {
      const printed = await this.#printed();
      return {
        headers: printed.token === undefined ? {} : bearer(printed.token),
        ...certificate,
        ...(printed.cert === undefined || printed.key === undefined
          ? {}
          : { cert: printed.cert, key: printed.key }),
      };
    }
    if (authProvider) return { headers: await this.#fromProvider(), ...certificate };
    return { headers: {}, ...certificate };
  }

  async #printed(): Promise<PluginCredential> {
    const { plugin } = this.#user;
    if (plugin === undefined) throw new CredentialsError('there is no exec plugin');
    const { expiresAt = Number.POSITIVE_INFINITY } = this.#plugin ?? {};
    if (this.#plugin !== undefined && Date.now() < expiresAt) return this.#plugin;
    this.#plugin = await runPlugin(plugin, this.#cluster, this.#environment);
    return this.#plugin;
  }

  async #fromProvider(): Promise<Headers> {
    const options: RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch {
      const { name } = this.#user.authProvider;
      throw new CredentialsError(`the auth-provider ${name} of the kubeconfig gave no token`);
    }
    const value: unknown = Reflect.get(options.headers ?? {}, 'Authorization');
    return typeof value === 'string' ? { authorization: value.trim() } : {};
  }
}

/** Trimmed, because a token file often ends with a newline, which a header can't contain. */
const bearer = (token: string) => ({ authorization: `Bearer ${token.trim()}` });

/** As in client-go, data wins over a file. */
async function fileOr(data: string | undefined, path: string | undefined) {
  if (data) return Buffer.from(data, 'base64');
  return path ? await readSecret(path) : undefined;
}

async function readSecret(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new CredentialsError(`${path}, which the kubeconfig names, can't be read (${code})`);
  }
}

function impersonationHeaders(impersonation: Impersonation | undefined): Headers {
  if (impersonation === undefined) return {};
  const { user, uid, groups, extra } = impersonation;
  const extras = Object.entries(extra).map(
    ([key, values]) => [`impersonate-extra-${headerName(key)}`, [...values]] as const,
  );
  return {
    'impersonate-user': user,
    ...(uid === undefined ? {} : { 'impersonate-uid': uid }),
    ...(groups.length === 0 ? {} : { 'impersonate-group': [...groups] }),
    ...Object.fromEntries(extras),
  };
}

/** Percent-encodes characters that header names can't contain. The API server decodes them. */
const headerName = (key: string) =>
  key
    .toLowerCase()
    .replaceAll(/[^a-z0-9!#$&'*+.^_`|~-]/g, (each) =>
      [...Buffer.from(each)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    );
