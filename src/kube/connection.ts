/** The way to an API server: its URL, credentials that are read again now and then, and one pool of connections. */
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';

/** Token and certificate files change while we run; kubelet leaves minutes for that. */
const CREDENTIALS_MAX_AGE_MS = 10_000;
/** For calls that still use the connections with the old certificate. */
const OLD_AGENT_GRACE_MS = 60_000;

/** Where client-node turns when it finds no configuration at all. */
const NOT_CONFIGURED = 'http://localhost:8080';

export interface Access {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads a kubeconfig file, or finds one as kubectl does, in a pod its service account. Throws when there is none. */
export function loadKubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (path === undefined) config.loadFromDefault();
  else config.loadFromFile(path);
  if (config.getCurrentCluster()?.server === NOT_CONFIGURED) {
    throw new Error('there is no kubeconfig, and no service account as in a pod');
  }
  return config;
}

export class Connection {
  readonly server: string;
  /** Of the kubeconfig's context, in a pod the pod's own. */
  readonly namespace: string;
  readonly #config: KubeConfig;
  #access: Access | undefined;
  #agent: { readonly fingerprint: string; readonly agent: Agent } | undefined;
  #validUntil = 0;

  constructor(config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new Error('the kubeconfig names no current cluster');
    this.#config = config;
    const context = config.getContextObject(config.getCurrentContext());
    this.namespace = context?.namespace?.trim() || 'default';
    this.server = cluster.server.replace(/\/+$/, '');
  }

  async access(): Promise<Access> {
    const now = performance.now();
    if (this.#access !== undefined && now < this.#validUntil) return this.#access;
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const headers = { ...headersOf(options), ...(await this.#tokenHeader()) };
    this.#access = { dispatcher: this.#agentFor(options), headers };
    this.#validUntil = now + CREDENTIALS_MAX_AGE_MS;
    return this.#access;
  }

  /** Credentials were refused: the next call reads them again. */
  forget(): void {
    this.#validUntil = 0;
  }

  async close(): Promise<void> {
    await this.#agent?.agent.destroy();
  }

  /** Of a service account as in a pod: client-node keeps such a token for a minute, even one that is refused. */
  async #tokenHeader(): Promise<Record<string, string>> {
    const tokenFile: unknown = this.#config.getCurrentUser()?.authProvider?.config?.tokenFile;
    if (typeof tokenFile !== 'string') return {};
    return { authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` };
  }

  #agentFor(options: RequestOptions): Agent {
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const tls = { ca, cert, key, servername, rejectUnauthorized };
    const connect = Object.fromEntries(
      Object.entries(tls).filter(([, value]) => value !== undefined),
    );
    const fingerprint = JSON.stringify(Object.values(connect).map(String));
    if (this.#agent?.fingerprint === fingerprint) return this.#agent.agent;
    const old = this.#agent?.agent;
    if (old) setTimeout(() => void old.destroy(), OLD_AGENT_GRACE_MS).unref();
    // A half-open HTTP/2 connection would stall every call that shares it.
    const agent = new Agent({ allowH2: false, connect: { ...connect, timeout: 10_000 } });
    this.#agent = { fingerprint, agent };
    return agent;
  }
}

/** Trimmed, because a token read from a file often ends in a newline, which no header may hold. */
function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (typeof value === 'string') result[name.toLowerCase()] = value.trim();
  }
  if (auth) result.authorization ??= `Basic ${Buffer.from(auth).toString('base64')}`;
  return result;
}
