/**
 * The connection to an API server: its URL, credentials that are reread regularly, and one pool of
 * connections.
 */
import { readFileSync } from 'node:fs';
import type { Cluster, KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { type ClientIdentity, Credentials, type Headers } from './credentials.ts';
import { CredentialsError } from './errors.ts';
import type { Environment } from './kubeconfig.ts';
import { proxyFor } from './proxy.ts';

export { loadKubeConfig } from './kubeconfig.ts';

/** Token and certificate files change at runtime. The kubelet leaves minutes to notice. */
const CREDENTIALS_MAX_AGE_MS = 10_000;
/** Minimum interval at which refusals rerun a plugin and reread the kubeconfig. */
const RENEWAL_INTERVAL_MS = 10_000;
/** For calls that still use the connections with the old certificate. */
const OLD_AGENT_GRACE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;

export interface ApiAccess {
  readonly dispatcher: Dispatcher;
  readonly headers: Headers;
}

interface ConnectionOptions {
  /** Environment variables for proxies and plugins. */
  readonly environment?: Environment;
  /** Rereads the kubeconfig after its credentials were refused. */
  readonly reload?: () => KubeConfig;
}

export class Connection {
  readonly server: string;
  /** The namespace of the kubeconfig's context, or of the pod. */
  readonly namespace: string;
  readonly #environment: Environment;
  readonly #reload: (() => KubeConfig) | undefined;
  #cluster: Cluster;
  #credentials: Credentials;
  #proxy: URL | undefined;
  #access: ApiAccess | undefined;
  #reading: Promise<ApiAccess> | undefined;
  #agent: { readonly fingerprint: string; readonly agent: Dispatcher } | undefined;
  #validUntil = 0;
  #renewedAt = Number.NEGATIVE_INFINITY;

  /** Throws an error of one line if the kubeconfig can't be used. */
  constructor(config: KubeConfig, { environment = {}, reload }: ConnectionOptions = {}) {
    this.#environment = environment;
    this.#reload = reload;
    this.#cluster = clusterOf(config);
    this.#credentials = new Credentials(config, this.#cluster, environment);
    const { server, proxyUrl } = this.#cluster;
    this.server = serverOf(server);
    this.#proxy = proxyFor(this.server, proxyUrl, environment);
    const context = config.getContextObject(config.getCurrentContext());
    this.namespace = context?.namespace?.trim() || 'default';
  }

  /** Rejects with CredentialsError. */
  async access(): Promise<ApiAccess> {
    if (this.#access !== undefined && performance.now() < this.#validUntil) return this.#access;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Makes the next call reread the credentials, after they were refused. */
  forget(): void {
    this.#validUntil = 0;
  }

  /**
   * Rereads the files, the kubeconfig and the output of a plugin after the API server responded to
   * `refused` with 401. Resolves with undefined if nothing has changed.
   */
  async renew(refused: ApiAccess): Promise<ApiAccess | undefined> {
    if (this.#access === refused) {
      this.forget();
      const now = performance.now();
      if (now - this.#renewedAt >= RENEWAL_INTERVAL_MS) {
        this.#renewedAt = now;
        this.#credentials.forget();
        this.#readKubeConfigAgain();
      }
    }
    const access = await this.access();
    const isSame =
      access.dispatcher === refused.dispatcher &&
      JSON.stringify(access.headers) === JSON.stringify(refused.headers);
    return isSame ? undefined : access;
  }

  async close(): Promise<void> {
    await this.#agent?.agent.destroy();
  }

  async #read(): Promise<ApiAccess> {
    const identity = await this.#credentials.read();
    this.#access = { dispatcher: this.#agentFor(identity), headers: identity.headers };
    this.#validUntil = performance.now() + CREDENTIALS_MAX_AGE_MS;
    return this.#access;
  }

  /** A kubeconfig that can't be read now, or that names another server, changes nothing. */
  #readKubeConfigAgain(): void {
    if (this.#reload === undefined) return;
    try {
      const config = this.#reload();
      const cluster = clusterOf(config);
      if (serverOf(cluster.server) !== this.server) return;
      const proxy = proxyFor(this.server, cluster.proxyUrl, this.#environment);
      this.#credentials = new Credentials(config, cluster, this.#environment);
      this.#cluster = cluster;
      this.#proxy = proxy;
    } catch {
      // It may be half-written. The known credentials are tried again.
    }
  }

  #agentFor({ cert, key }: ClientIdentity): Dispatcher {
    const { tlsServerName: servername, skipTLSVerify } = this.#cluster;
    const ca = authorityOf(this.#cluster);
    const rejectUnauthorized = skipTLSVerify ? false : undefined;
    const connect = Object.fromEntries(
      Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const fingerprint = JSON.stringify([this.#proxy, ...Object.values(connect).map(String)]);
    if (this.#agent?.fingerprint === fingerprint) return this.#agent.agent;
    const old = this.#agent?.agent;
    if (old) setTimeout(() => void old.destroy(), OLD_AGENT_GRACE_MS).unref();
    const agent = createAgent(connect, this.#proxy);
    this.#agent = { fingerprint, agent };
    return agent;
  }
}

/** A half-open HTTP/2 connection would stall every call that shares it. */
function createAgent(tls: object, proxy: URL | undefined): Dispatcher {
  const timeout = CONNECT_TIMEOUT_MS;
  if (proxy === undefined) return new Agent({ allowH2: false, connect: { ...tls, timeout } });
  const requestTls = { ...tls, timeout };
  return new ProxyAgent({ uri: proxy.href, allowH2: false, requestTls, connectTimeout: timeout });
}

function clusterOf(config: KubeConfig): Cluster {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('the kubeconfig has no current cluster');
  return cluster;
}

function serverOf(server: string): string {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Error('the server of the kubeconfig is not an http or https URL');
  return server.replace(/\/+$/, '');
}

/** As in client-go, data wins over a file. */
function authorityOf({ caData, caFile }: Cluster): Buffer | undefined {
  if (caData) return Buffer.from(caData, 'base64');
  if (!caFile) return undefined;
  try {
    return readFileSync(caFile);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new CredentialsError(`${caFile}, which the kubeconfig names, can't be read (${code})`);
  }
}
