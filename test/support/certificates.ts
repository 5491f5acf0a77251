/** Certificates for one test file, created with openssl in a temporary folder. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export class Authority {
  /** The path of the authority's certificate. */
  readonly path: string;
  readonly #folder: string;
  readonly #key: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.path = join(folder, `${name}.crt`);
    this.#key = join(folder, `${name}.key`);
    const subject = ['-subj', `/CN=${name}`, '-days', '2', '-keyout', this.#key, '-out', this.path];
    openssl(['req', '-x509', '-newkey', 'ec', ...CURVE, '-nodes', ...subject]);
  }

  get certificate(): string {
    return readFileSync(this.path, 'utf8');
  }

  /** Issues a certificate for the name, as common name and as host. */
  issue(name: string): Certificate {
    const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((kind) =>
      join(this.#folder, `issued.${kind}`),
    ) as [string, string, string, string];
    openssl(
      ['req', '-newkey', 'ec', ...CURVE, '-nodes', '-subj', `/CN=${name}`].concat(
        ['-keyout', key],
        ['-out', request],
      ),
    );
    writeFileSync(extensions, `subjectAltName=DNS:${name}`);
    const by = ['-CA', this.path, '-CAkey', this.#key, '-CAcreateserial', '-days', '2'];
    openssl(['x509', '-req', '-in', request, ...by, '-extfile', extensions, '-out', cert]);
    const issued = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
    for (const path of [key, request, cert, extensions]) rmSync(path);
    return issued;
  }
}

const CURVE = ['-pkeyopt', 'ec_paramgen_curve:prime256v1'];

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
