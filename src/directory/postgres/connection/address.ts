/** The address of the database and the credentials for it, read again for every connection. */
import type { ClientConfig } from 'pg';
import { DatabaseRefusedError } from '../../database-errors.ts';
import { isAboutTls } from '../errors.ts';
import { TlsFiles } from './tls.ts';
import { type PostgresUrl, parsePostgresUrl } from './url.ts';

/**
 * Passwords and certificates are rotated, so each connection uses those that exist when it is
 * opened. Host, port, database and schema stay the same; otherwise half of the connections would
 * lead to another directory.
 */
export class PostgresAddress {
  readonly #readUrl: () => string;
  readonly #files = new TlsFiles();
  readonly #first: PostgresUrl;
  #settings: ClientConfig;
  #encrypts: boolean;

  /** Throws DatabaseRefusedError if the URL, or a file that it names, can't be used. */
  constructor(readUrl: () => string) {
    this.#readUrl = readUrl;
    this.#first = parsePostgresUrl(readUrl());
    this.#encrypts = !['disable', 'allow'].includes(this.#first.tls.mode);
    this.#settings = this.#settingsOf(this.#first);
  }

  /** The name that the server's administrator sees. */
  get applicationName(): string {
    return this.#first.applicationName ?? 'scim-operator';
  }

  /** Whether the URL says that a pooler looks after prepared statements. */
  get poolerPrepares(): boolean {
    return this.#first.poolerPrepares;
  }

  /** The schema that the URL names. */
  get schema(): string | undefined {
    return this.#first.schema;
  }

  /**
   * If a file can't be used at the moment, for example while it is being written, the previous
   * settings stay.
   */
  settings(): ClientConfig {
    try {
      this.#settings = this.#settingsOf(parsePostgresUrl(this.#readUrl()));
    } catch {
      // The previous settings may still work.
    }
    return this.#settings;
  }

  /** Whether the server decides about TLS, as in the modes `prefer` and `allow`. */
  get choosesTls(): boolean {
    const { mode } = this.#first.tls;
    return mode === 'prefer' || mode === 'allow';
  }

  /**
   * Notes that a connection could not be opened. If TLS was the reason and the server decides about
   * it, the next connection is opened the other way.
   */
  failed(error: unknown, encrypted: boolean): void {
    if (this.choosesTls && isAboutTls(error)) this.#encrypts = !encrypted;
  }

  #settingsOf(url: PostgresUrl): ClientConfig {
    const { host, port, database, options } = this.#first;
    const tls = url.tls.mode !== 'disable' && this.#files.options(url.tls);
    return {
      host,
      port,
      database,
      user: url.user,
      // A function: otherwise the driver looks for PGPASSWORD and ~/.pgpass.
      password: () => passwordOf(url),
      ssl: this.#encrypts && tls,
      sslnegotiation: url.tls.direct ? 'direct' : 'postgres',
      ...(options === undefined ? {} : { options }),
    };
  }
}

function passwordOf({ password }: PostgresUrl): string {
  if (password !== undefined) return password;
  throw new DatabaseRefusedError('the server asks for a password, and the URL has none');
}
