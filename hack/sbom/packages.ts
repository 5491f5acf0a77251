/** The npm packages in the image: those that esbuild put into the program, and better-sqlite3. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface NpmPackage {
  /** For example node_modules/zod. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** An SPDX identifier, or '' if the package declares none. */
  readonly licence: string;
  /** Undefined if the package contains no text of its licence. */
  readonly licenceText: string | undefined;
  /** SHA-512 of the package in the registry, in hexadecimal digits. */
  readonly sha512: string;
  /** Folders of the packages among these that it depends on. */
  readonly dependsOn: readonly string[];
}

/** What is used of the metafile of esbuild. */
export interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { bytesInOutput: number }>> }>
  >;
}

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The program loads it at runtime, because its compiled part can't be bundled. */
const NOT_BUNDLED = ['node_modules/better-sqlite3'];
const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENCE_FILE = /^(un)?licen[cs]e|^copying|^notice/i;

/** Reads the packages below `root`, sorted by folder. Code that esbuild dropped doesn't count. */
export function packagesIn({ outputs }: Metafile, root: string): readonly NpmPackage[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const bundled = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([file]) => PACKAGE_FOLDER.exec(file) ?? []);
  const folders = new Set([...bundled, ...NOT_BUNDLED]);
  const lock = read<{ packages: Record<string, Locked> }>(join(root, 'package-lock.json'));
  return [...folders].toSorted().map((folder) => {
    const locked = lock.packages[folder];
    if (locked?.integrity === undefined) throw new Error(`package-lock.json has no ${folder}`);
    const { name, version, license } = read<Manifest>(join(root, folder, 'package.json'));
    return {
      folder,
      name,
      version,
      licence: typeof license === 'string' ? license : '',
      licenceText: licenceText(join(root, folder)),
      sha512: Buffer.from(locked.integrity.replace(/^sha512-/, ''), 'base64').toString('hex'),
      dependsOn: dependencyNames(locked)
        .flatMap((dependency) => resolve(dependency, folder, folders))
        .toSorted(),
    };
  });
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: unknown;
}

const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

function dependencyNames(locked: Locked): readonly string[] {
  const { dependencies, optionalDependencies, peerDependencies } = locked;
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

/** Searches like Node.js, from the folder of the dependant upwards. Empty if it is not included. */
function resolve(name: string, from: string, folders: ReadonlySet<string>): readonly string[] {
  const candidate = join(from, 'node_modules', name);
  if (folders.has(candidate)) return [candidate];
  return from === '.' ? [] : resolve(name, dirname(from), folders);
}

/** Some packages have the text only in their README. */
function licenceText(folder: string): string | undefined {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((file) => file.isFile() && LICENCE_FILE.test(file.name))
    .map((file) => readFileSync(join(folder, file.name), 'utf8').trim());
  if (files.length > 0) return files.join('\n\n');
  const readme = join(folder, 'README.md');
  if (!existsSync(readme)) return undefined;
  const section = /^##? licen[cs]e\n([\s\S]*)/im.exec(readFileSync(readme, 'utf8'))?.[1]?.trim();
  return section?.includes('Copyright') ? section : undefined;
}
