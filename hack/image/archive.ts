/** Reads an OCI archive: its configuration, and its files unpacked into a folder. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ImageConfiguration {
  readonly architecture: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly WorkingDir: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
}

export interface UnpackedImage extends ImageConfiguration {
  /** The whole name, as a container runtime imports it. */
  readonly name: string;
  readonly root: string;
}

interface Descriptor {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Unpacks below the folder. Whiteouts are not applied, because the image has a single layer. */
export function unpackArchive(file: string, folder: string): UnpackedImage {
  const layout = join(folder, 'layout');
  const root = join(folder, 'root');
  for (const each of [layout, root]) mkdirSync(each);
  tar(['-xf', file, '-C', layout]);
  const read = <T>(path: string): T => JSON.parse(readFileSync(join(layout, path), 'utf8')) as T;
  const blob = (digest: string) => `blobs/${digest.replace(':', '/')}`;
  const [entry] = read<{ manifests: readonly Descriptor[] }>('index.json').manifests;
  if (entry === undefined) throw new Error(`${file} has no manifest`);
  const manifest = read<{ config: Descriptor; layers: readonly Descriptor[] }>(blob(entry.digest));
  if (manifest.layers.length !== 1) throw new Error(`${file} has more than one layer`);
  for (const { digest } of manifest.layers) tar(['-xzf', join(layout, blob(digest)), '-C', root]);
  return {
    ...read<ImageConfiguration>(blob(manifest.config.digest)),
    name: entry.annotations?.['org.opencontainers.image.ref.name'] ?? '',
    root,
  };
}

function tar(args: readonly string[]): void {
  execFileSync('tar', args, { stdio: ['ignore', 'inherit', 'inherit'] });
}
