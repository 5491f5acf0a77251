/** Reads an OCI archive: its configuration, and its files. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
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

export interface Image extends ImageConfiguration {
  /** The whole name, as a container runtime imports it. */
  readonly name: string;
  /** The only layer, as a compressed archive. */
  readonly layer: Buffer;
}

export interface UnpackedImage extends Image {
  readonly root: string;
}

interface Descriptor {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const MOST_BYTES = 2 ** 30;

export function readArchive(file: string): Image {
  const member = (path: string) => tar(['-xOf', file, path]);
  const blob = (digest: string) => member(`blobs/${digest.replace(':', '/')}`);
  const parse = <T>(content: Buffer): T => JSON.parse(content.toString('utf8')) as T;
  const [entry] = parse<{ manifests: readonly Descriptor[] }>(member('index.json')).manifests;
  if (entry === undefined) throw new Error(`${file} has no manifest`);
  const manifest = parse<{ config: Descriptor; layers: readonly Descriptor[] }>(blob(entry.digest));
  const [layer, ...others] = manifest.layers;
  if (layer === undefined || others.length > 0) {
    throw new Error(`${file} has ${manifest.layers.length} layers instead of one`);
  }
  return {
    ...parse<ImageConfiguration>(blob(manifest.config.digest)),
    name: entry.annotations?.['org.opencontainers.image.ref.name'] ?? '',
    layer: blob(layer.digest),
  };
}

/** Unpacks below the folder. Whiteouts are not applied, because the image has a single layer. */
export function unpackArchive(file: string, folder: string): UnpackedImage {
  const image = readArchive(file);
  const root = join(folder, 'root');
  mkdirSync(root);
  tar(['-xzf', '-', '-C', root], image.layer);
  return { ...image, root };
}

/** Returns a file of the image, whose path has no leading slash. */
export function fileOf({ layer }: Image, path: string): string {
  return tar(['-xzOf', '-', path], layer).toString('utf8');
}

function tar(args: readonly string[], input: Buffer = Buffer.alloc(0)): Buffer {
  return execFileSync('tar', args, {
    input,
    maxBuffer: MOST_BYTES,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
