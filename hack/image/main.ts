/** Builds the container image (`make image`) or an OCI archive of it (`make image-archive`). */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import {
  type Architecture,
  type Engine,
  EngineUnavailableError,
  findEngine,
  hostArchitecture,
  succeeds,
} from './engine.ts';
import { archiveFile, IMAGE } from './names.ts';
import { standInBases } from './stand-in.ts';

const ROOT = join(import.meta.dirname, '../..');
const { version, devDependencies } = packageJson;

const [command] = process.argv.slice(2);
const image = process.env.IMAGE || IMAGE;
const platform = process.env.PLATFORM || `linux/${hostArchitecture()}`;

process.chdir(ROOT);
try {
  const engine = findEngine(process.env.ENGINE || undefined);
  build(engine);
  if (command === 'archive') archive(engine);
  else console.log(`${image} (${platform}) is in the storage of ${engine.name}`);
} catch (error) {
  if (!(error instanceof EngineUnavailableError)) throw error;
  console.error(`image: ${error.message}`);
  process.exitCode = 1;
}

function build(engine: Engine): void {
  const architecture = architectureOf(platform);
  const isOffline = engine.name === 'buildah' && !canPull();
  if (isOffline) {
    console.error('image: no registry is reachable; the bases are made of Debian packages');
  }
  const bases = isOffline ? standInBases(devDependencies.node, architecture) : {};
  engine.build({
    platform,
    image,
    buildArguments: { VERSION: version, ...bases },
    isOffline,
  });
}

function architectureOf(name: string): Architecture {
  if (name === 'linux/amd64') return 'amd64';
  if (name === 'linux/arm64') return 'arm64';
  throw new EngineUnavailableError(`PLATFORM is ${name}; it must be linux/amd64 or linux/arm64`);
}

/** The base image that the Dockerfile names. */
function canPull(): boolean {
  const base = /^ARG BUILD_IMAGE=(\S+)/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1] ?? '';
  return succeeds('buildah', ['pull', '--quiet', base]);
}

function archive(engine: Engine): void {
  const suffix = process.env.PLATFORM ? `-${architectureOf(platform)}` : '';
  const file = archiveFile(suffix);
  mkdirSync('dist', { recursive: true });
  // Some engines add to an archive that is there.
  rmSync(file, { force: true });
  engine.save(image, join(ROOT, file));
  console.log(`${file} holds ${image} (${platform})`);
}
