/** Downloads the official programs of a control plane and verifies their checksums. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, interceptors, request } from 'undici';
import {
  ControlPlaneUnavailableError,
  etcdVersion,
  kubernetesVersion,
  type Program,
} from './versions.ts';

/** A download fails after this many milliseconds without a connection, a header or a byte. */
const SILENCE_MS = 5_000;
const MAX_REDIRECTIONS = 5;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

interface Release {
  readonly url: string;
  readonly checksumUrl: string;
  /** The file's name in a list of checksums. Undefined if the checksum stands alone. */
  readonly listedAs?: string;
  /** The program's path in the archive. */
  readonly inArchive?: string;
}

/**
 * Writes the program to `target`.
 *
 * @throws {ControlPlaneUnavailableError} Kubernetes publishes no program for this machine, the
 *   release is unreachable for 5 seconds, or the checksum doesn't match.
 */
export async function downloadProgram(
  program: Program,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const release = releaseOf(program);
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: SILENCE_MS },
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
  });
  const fetched = `${target}.fetched`;
  try {
    const get = async (url: string, deadline?: AbortSignal) => {
      const signals = [signal, deadline].filter((each) => each !== undefined);
      const response = await request(url, {
        dispatcher: dispatcher.compose(
          interceptors.redirect({ maxRedirections: MAX_REDIRECTIONS }),
        ),
        ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
      });
      if (response.statusCode === 200) return response.body;
      await response.body.dump();
      throw new Error(`status ${response.statusCode}`);
    };
    const sums = await (await get(release.checksumUrl, AbortSignal.timeout(SILENCE_MS))).text();
    const expected = checksumOf(sums, release);
    const hash = createHash('sha256');
    await pipeline(
      await get(release.url),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(fetched, { mode: 0o755 }),
    );
    if (hash.digest('hex') !== expected) {
      throw new Error('its checksum differs from the one in the release');
    }
    unpack(fetched, target, release);
  } catch (error) {
    signal?.throwIfAborted();
    throw new ControlPlaneUnavailableError(`${release.url}: ${causeOf(error)}`);
  } finally {
    rmSync(fetched, { force: true });
    await dispatcher.destroy();
  }
}

function releaseOf(program: Program): Release {
  const architecture = ARCHITECTURES[process.arch];
  if (process.platform !== 'linux' || architecture === undefined) {
    throw new ControlPlaneUnavailableError(
      `Kubernetes publishes no ${program} for ${process.platform} on ${process.arch}`,
    );
  }
  if (program !== 'etcd') {
    const releases = process.env.KUBERNETES_RELEASES || 'https://dl.k8s.io/release';
    const url = `${releases}/${kubernetesVersion()}/bin/linux/${architecture}/${program}`;
    return { url, checksumUrl: `${url}.sha256` };
  }
  const releases = process.env.ETCD_RELEASES || 'https://github.com/etcd-io/etcd/releases/download';
  const name = `etcd-${etcdVersion()}-linux-${architecture}`;
  const folder = `${releases}/${etcdVersion()}`;
  return {
    url: `${folder}/${name}.tar.gz`,
    checksumUrl: `${folder}/SHA256SUMS`,
    listedAs: `${name}.tar.gz`,
    inArchive: `${name}/etcd`,
  };
}

function checksumOf(text: string, { checksumUrl, listedAs }: Release): string {
  const lines = text.trim().split('\n');
  const line =
    listedAs === undefined ? lines[0] : lines.find((each) => each.endsWith(` ${listedAs}`));
  const checksum = line?.split(/\s+/)[0] ?? '';
  if (/^[0-9a-f]{64}$/.test(checksum)) return checksum;
  throw new Error(`${checksumUrl} doesn't contain its checksum`);
}

function unpack(fetched: string, target: string, { inArchive }: Release): void {
  if (inArchive === undefined) {
    renameSync(fetched, target);
    return;
  }
  const folder = dirname(target);
  const { status, stdout } = spawnSync('tar', ['-xzOf', fetched, inArchive], {
    cwd: folder,
    maxBuffer: 512 * 1024 * 1024,
  });
  if (status !== 0) throw new Error('tar could not unpack it');
  writeFileSync(target, stdout, { mode: 0o755 });
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (error.name === 'TimeoutError' || code?.startsWith('UND_ERR_')) {
    return `no response for ${SILENCE_MS / 1000} s`;
  }
  return error.message || code || error.name;
}
