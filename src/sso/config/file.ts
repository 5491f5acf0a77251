/** The providers in the file of `--sso-config`, which may be replaced while they are in use. */
import { readFile } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import type { Logger } from '../../logger.ts';
import { createSsoConfigGauge } from '../metrics.ts';
import { type ProviderConfig, parseSsoConfig, SsoConfigError } from './parse.ts';

/** A provider, and the secret of the client there. */
export interface ConfiguredProvider extends ProviderConfig {
  readonly clientSecret: string;
}

/** How often the files are read. A volume of Kubernetes replaces them with a minute's delay. */
const POLL_MS = 5_000;

export class SsoConfigFile {
  readonly #path: string;
  readonly #listeners = new Set<(providers: readonly ConfiguredProvider[]) => void>();
  #providers: readonly ConfiguredProvider[];
  /** The reason of the last refusal, which may be files caught between two writes. */
  #doubt: string | undefined;
  #refused: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(path: string, providers: readonly ConfiguredProvider[]) {
    this.#path = path;
    this.#providers = providers;
  }

  /** Rejects with SsoConfigError, whose message begins with the path. */
  static async load(path: string): Promise<SsoConfigFile> {
    return new SsoConfigFile(path, await readProviders(path));
  }

  /** As of the last time that the file was usable. */
  get providers(): readonly ConfiguredProvider[] {
    return this.#providers;
  }

  /** Called with the providers after each change, until the returned function is called. */
  onChange(listener: (providers: readonly ConfiguredProvider[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Polls instead of watching, because a volume replaces files through symbolic links. */
  startReading(log: Logger, registry: Registry, pollMs = POLL_MS): void {
    const valid = createSsoConfigGauge(registry);
    valid.set(1);
    const poll = async () => {
      await this.#read(log);
      valid.set(this.#refused === undefined ? 1 : 0);
      if (this.#timer !== undefined) this.#timer = setTimeout(poll, pollMs).unref();
    };
    this.#timer = setTimeout(poll, pollMs).unref();
  }

  stopReading(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #read(log: Logger): Promise<void> {
    try {
      const providers = await readProviders(this.#path);
      if (this.#refused !== undefined) log.info('sign-in configuration is valid again');
      this.#doubt = this.#refused = undefined;
      if (JSON.stringify(providers) === JSON.stringify(this.#providers)) return;
      this.#providers = providers;
      log.info({ providers: providers.map(({ name }) => name) }, 'sign-in configuration was read');
      for (const listener of this.#listeners) listener(providers);
    } catch (error) {
      if (!(error instanceof SsoConfigError)) throw error;
      const { message: reason } = error;
      const isLasting = this.#doubt === reason;
      this.#doubt = reason;
      if (!isLasting || this.#refused === reason) return;
      this.#refused = reason;
      log.warn({ reason }, "sign-in configuration can't be used; the previous one stays in use");
    }
  }
}

async function readProviders(path: string): Promise<readonly ConfiguredProvider[]> {
  try {
    const providers = parseSsoConfig(await read(path));
    return await Promise.all(
      providers.map(async (provider, index) => {
        const secret = await readSecret(`providers[${index}]`, provider.clientSecretFile);
        return { ...provider, clientSecret: secret };
      }),
    );
  } catch (error) {
    if (!(error instanceof SsoConfigError)) throw error;
    throw new SsoConfigError(`${path}: ${error.message}`, { cause: error.cause });
  }
}

/** Secrets are at most this long, so that another file isn't taken for one. */
const MOST_CHARACTERS = 1_024;

async function readSecret(where: string, path: string): Promise<string> {
  try {
    const secret = (await read(path)).trim();
    if (/^[ -~]+$/.test(secret) && secret.length <= MOST_CHARACTERS) return secret;
  } catch (error) {
    if (!(error instanceof SsoConfigError)) throw error;
    throw new SsoConfigError(`${where}.clientSecretFile: ${path} ${error.message}`);
  }
  throw new SsoConfigError(
    `${where}.clientSecretFile: ${path} does not contain a secret; it must be one line of ` +
      `1 to ${MOST_CHARACTERS} characters`,
  );
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SsoConfigError(`can't be read: ${code}`, { cause: error });
  }
}
