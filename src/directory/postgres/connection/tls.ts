/**
 * TLS to PostgreSQL, as libpq defines it with sslmode and sslrootcert (PostgreSQL documentation
 * §32.19).
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
// Node.js 20 has no getCACertificates. Importing it by name would fail before the bundle can say that
// it needs a newer version.
import * as tls from 'node:tls';
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import { DatabaseRefusedError } from '../../database-errors.ts';
import type { TlsOptions } from './url.ts';

interface Files {
  readonly root: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Reads the files of one URL, and parses them only if they have changed. */
export class TlsFiles {
  #read: (Files & { readonly password: string | undefined }) | undefined;
  #context: SecureContext | undefined;

  /**
   * Returns the options for `tls.connect`. Throws DatabaseRefusedError for a file that can't be
   * read or used.
   */
  options(tls: TlsOptions): ConnectionOptions {
    const { rootCert, mode } = tls;
    const secureContext = this.#contextOf(tls);
    // A root certificate is checked in every mode. Without one, only verify-full checks the
    // server's certificate.
    const verifies = rootCert !== undefined || mode === 'verify-full';
    if (!verifies) return { secureContext, rejectUnauthorized: false };
    if (mode === 'verify-full') return { secureContext };
    return { secureContext, checkServerIdentity: () => undefined };
  }

  #contextOf({ mode, rootCert, cert, key, password }: TlsOptions): SecureContext {
    const files: Files = {
      root: rootCert === 'system' ? undefined : read('sslrootcert', rootCert),
      cert: read('sslcert', cert),
      key: read('sslkey', key),
    };
    const before = this.#read;
    const isSame =
      before?.root === files.root &&
      before?.cert === files.cert &&
      before?.key === files.key &&
      before?.password === password;
    if (this.#context !== undefined && isSame) return this.#context;
    const trusted = rootCert === 'system' || mode === 'verify-full' ? systemRoots() : undefined;
    const ca = files.root === undefined ? trusted : rootsOf(files.root, rootCert ?? '');
    this.#context = contextOf(ca, files, password);
    this.#read = { ...files, password };
    return this.#context;
  }
}

function read(parameter: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error;
    throw new DatabaseRefusedError(`the file ${path} of ${parameter} can't be read (${reason})`);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Node.js ignores parts that aren't certificates. */
function rootsOf(text: string, path: string): string[] {
  try {
    const found = (text.match(CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem).toString());
    if (found.length > 0) return found;
  } catch {
    // The error is thrown below.
  }
  throw new DatabaseRefusedError(`the file ${path} of sslrootcert contains no PEM certificate`);
}

/**
 * The machine's certificates and those of Node.js, because a container may have none of its own.
 */
function systemRoots(): string[] {
  return [...new Set([...tls.getCACertificates('system'), ...tls.getCACertificates('default')])];
}

function contextOf(
  ca: string[] | undefined,
  { cert, key }: Files,
  passphrase: string | undefined,
): SecureContext {
  try {
    return createSecureContext({ ca, cert, key, passphrase });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new DatabaseRefusedError(
      `sslcert and sslkey are not a certificate and its key, or sslpassword is wrong (${reason})`,
    );
  }
}

/** Errors of a handshake that only a change of the configuration can resolve. */
const UNTRUSTED = new Set([
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export function speaksNoTls(error: unknown): boolean {
  return error instanceof Error && error.message === 'The server does not support SSL connections';
}

/**
 * Returns why TLS with the server can't work until the configuration changes; undefined for any
 * other error.
 */
export function tlsRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (speaksNoTls(error)) {
    return "the server doesn't support TLS; turn it on there (ssl = on), or set sslmode=prefer";
  }
  const code = 'code' in error ? String(error.code) : '';
  if (UNTRUSTED.has(code)) {
    return (
      `the server's certificate is signed by a CA that is not trusted (${code}); set sslrootcert ` +
      "to the file with the CA's certificate"
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return (
      `the server's certificate is for another host (${error.message}); sslmode=verify-ca ` +
      'accepts it anyway'
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return `the server's certificate has expired or is not valid yet (${code})`;
  }
  return /^ERR_SSL_|^EPROTO$/.test(code) ? `TLS with the server failed (${code})` : undefined;
}
