/** The providers of the configuration as it is now. */
import type { Logger } from '../logger.ts';
import type { ConfiguredProvider, SsoConfigFile } from './config/file.ts';
import { Provider } from './provider.ts';

export class Providers {
  readonly #publicUrl: string;
  readonly #log: Logger;
  readonly #clock: () => number;
  #providers: ReadonlyMap<string, Provider> = new Map();

  /** `clock` is monotonic, in milliseconds. */
  constructor(
    file: Pick<SsoConfigFile, 'providers' | 'onChange'> | undefined,
    publicUrl: string,
    log: Logger,
    clock: () => number,
  ) {
    this.#publicUrl = publicUrl;
    this.#log = log;
    this.#clock = clock;
    this.#take(file?.providers ?? []);
    file?.onChange((providers) => this.#take(providers));
  }

  get(name: string): Provider | undefined {
    return this.#providers.get(name);
  }

  /** In the order of the file. */
  list(): readonly ConfiguredProvider[] {
    return [...this.#providers.values()].map(({ config }) => config);
  }

  /** Whether a session of this provider and issuer in the tenant may still live. */
  isTrusted(name: string, issuer: string, tenant: string): boolean {
    const config = this.get(name)?.config;
    return config?.issuer === issuer && config.tenants.includes(tenant);
  }

  /** A provider that stays keeps what is known of it. */
  #take(configs: readonly ConfiguredProvider[]): void {
    this.#providers = new Map(
      configs.map((config) => {
        const known = this.#providers.get(config.name);
        const isKept = known?.update(config) === true;
        const provider = isKept
          ? known
          : new Provider(config, this.#publicUrl, this.#log, this.#clock);
        return [config.name, provider];
      }),
    );
  }
}
