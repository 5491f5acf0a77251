/** The certificate that the ports serve, from files that may be replaced while they serve it. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type Server as TlsServer } from 'node:tls';

interface CertificateFiles {
  /** Path of a PEM file: the certificate, followed by its intermediate certificates. */
  readonly cert: string;
  /** Path of a PEM file with the private key of the certificate. */
  readonly key: string;
}

interface KeyPair {
  readonly cert: string;
  readonly key: string;
  readonly expires: Date;
}

/** The files can't be used; the message is one line that names the file. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/** How often the files are read. A volume of Kubernetes replaces them with a minute's delay. */
const POLL_MS = 5_000;

interface CertificateEvents {
  readonly onReplaced: (expires: Date) => void;
  /** Called once for each new reason. The previous certificate stays in use. */
  readonly onRefused: (error: CertificateError) => void;
}

export class ServingCertificate {
  readonly #files: CertificateFiles;
  readonly #servers: TlsServer[] = [];
  #pair: KeyPair;
  /** The reason of the last refusal, which may be two files caught between two writes. */
  #doubt: string | undefined;
  #refused: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(files: CertificateFiles, pair: KeyPair) {
    this.#files = files;
    this.#pair = pair;
  }

  /** Rejects with CertificateError. */
  static async load(files: CertificateFiles): Promise<ServingCertificate> {
    return new ServingCertificate(files, await readPair(files));
  }

  get current(): Pick<KeyPair, 'cert' | 'key'> {
    return this.#pair;
  }

  get expires(): Date {
    return this.#pair.expires;
  }

  /** The server gets each later certificate for its new connections. */
  renewOn(server: TlsServer): void {
    this.#servers.push(server);
  }

  /** Polls instead of watching, because a volume replaces files through symbolic links. */
  startRenewing(events: CertificateEvents, pollMs = POLL_MS): void {
    const poll = async () => {
      await this.#renew(events);
      if (this.#timer !== undefined) this.#timer = setTimeout(poll, pollMs).unref();
    };
    this.#timer = setTimeout(poll, pollMs).unref();
  }

  stopRenewing(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #renew({ onReplaced, onRefused }: CertificateEvents): Promise<void> {
    try {
      const pair = await readPair(this.#files);
      this.#doubt = this.#refused = undefined;
      if (pair.cert === this.#pair.cert && pair.key === this.#pair.key) return;
      this.#pair = pair;
      for (const server of this.#servers) server.setSecureContext(this.current);
      onReplaced(pair.expires);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      const isLasting = this.#doubt === error.message;
      this.#doubt = error.message;
      if (!isLasting || this.#refused === error.message) return;
      this.#refused = error.message;
      onRefused(error);
    }
  }
}

async function readPair(files: CertificateFiles): Promise<KeyPair> {
  const [cert, key] = await Promise.all([read(files.cert), read(files.key)]);
  const certificate = parse(files.cert, 'a PEM certificate', () => new X509Certificate(cert));
  const privateKey = parse(files.key, 'an unencrypted PEM private key', () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CertificateError(
      `the certificate in ${files.cert} does not belong to the key in ${files.key}`,
    );
  }
  parse(files.cert, 'a certificate that this server can use', () =>
    createSecureContext({ cert, key }),
  );
  return { cert, key, expires: certificate.validToDate };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CertificateError(`${path} can't be read: ${code}`, { cause: error });
  }
}

function parse<T>(path: string, expected: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CertificateError(`${path} does not contain ${expected}`, { cause: error });
  }
}
