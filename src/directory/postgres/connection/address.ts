/** Where the database is and how it is entered, looked up again for every connection. */
import type { ClientConfig } from 'pg';
import { DatabaseRefusedError } from '../../database-errors.ts';
import { isAboutTls } from '../errors.ts';
import { TlsFiles } from './tls.ts';
import { type PostgresUrl, parsePostgresUrl } from './url.ts';

/**
 * Passwords and certificates are rotated: each connection takes those that are there when it
 * begins. Host, port, database and schema stay, as half of the connections would be to another
 * directory.
 */
export class PostgresAddress {
  readonly #readUrl: () => string;
  readonly #files = new TlsFiles();
  readonly #first: PostgresUrl;
  #settings: ClientConfig;
  #encrypts: boolean;

  /** Throws DatabaseRefusedError for a URL, or a file of it, that is of no use. */
  constructor(readUrl: () => string) {
    this.#readUrl = readUrl;
    this.#first = parsePostgresUrl(readUrl());
    this.#encrypts = !['disable', 'allow'].includes(this.#first.tls.mode);
    this.#settings = this.#settingsOf(this.#first);
  }

  /** By which the server's administrator knows us. */
  get applicationName(): string {
    return this.#first.applicationName ?? 'scim-operator';
  }

  /** Of the URL: where the tables are to be. */
  get schema(): string | undefined {
    return this.#first.schema;
  }

  /** Files that can't be used now, as while they are written, leave those that were read before. */
  settings(): ClientConfig {
    try {
      this.#settings = this.#settingsOf(parsePostgresUrl(this.#readUrl()));
    } catch {
      // What was read before may still do.
    }
    return this.#settings;
  }

  /** Whether the server decides about TLS, as in the modes `prefer` and `allow`. */
  get choosesTls(): boolean {
    const { mode } = this.#first.tls;
    return mode === 'prefer' || mode === 'allow';
  }

  /**
   * A connection could not be made: where that was about TLS, and the server decides, the next one
   * is made the other way.
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
