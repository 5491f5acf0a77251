/** The software in the image that doesn't come from npm: Node.js, SQLite and Debian's libraries. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly source: string;
  readonly sourceVersion: string;
}

/** The packages of the libraries that `hack/image/contents.ts` copies, and their licences. */
export const DEBIAN_LICENCES: Readonly<Record<string, string>> = {
  libc6: 'LGPL-2.1-or-later',
  'libgcc-s1': 'GPL-3.0-or-later WITH GCC-exception-3.1',
  'libstdc++6': 'GPL-3.0-or-later WITH GCC-exception-3.1',
};

/** Node.js reports the versions of two interfaces and of three data sets among its libraries. */
const NO_LIBRARIES = ['node', 'modules', 'napi', 'cldr', 'tz', 'unicode'];

/** The libraries that are compiled into this Node.js. Those that it was built without have no version. */
export function partsOfNode(): Readonly<Record<string, string>> {
  const libraries = Object.entries(process.versions).flatMap(([name, version]) =>
    NO_LIBRARIES.includes(name) || !version ? [] : [[name, version] as const],
  );
  return Object.fromEntries(libraries);
}

/** The version of SQLite that better-sqlite3 is compiled with. */
export function sqliteVersion(root: string): string {
  const header = join(root, 'node_modules/better-sqlite3/deps/sqlite3/sqlite3.h');
  const version = /^#define SQLITE_VERSION\s+"([^"]+)"/m.exec(readFileSync(header, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${header} has no SQLITE_VERSION`);
  return version;
}

/** `status` is the content of /var/lib/dpkg/status. Throws if one of the packages is missing. */
export function debianPackages(status: string): readonly DebianPackage[] {
  const stanzas = status.split(/\n{2,}/).map(fieldsOf);
  return Object.keys(DEBIAN_LICENCES).map((name) => {
    const stanza = stanzas.find((each) => each.get('Package') === name);
    const version = stanza?.get('Version');
    if (stanza === undefined || version === undefined) {
      throw new Error(`the base image has no version of the Debian package ${name}`);
    }
    const [source = name, sourceVersion] = (stanza.get('Source') ?? name).split(/ \(|\)/);
    return {
      name,
      version,
      architecture: stanza.get('Architecture') ?? '',
      source,
      sourceVersion: sourceVersion ?? version,
    };
  });
}

/** For example debian-12. Undefined if the base image doesn't say. */
export function distribution(osRelease: string): string | undefined {
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]+)`, 'm').exec(osRelease)?.[1];
  const [id, version] = [field('ID'), field('VERSION_ID')];
  return id && version && `${id}-${version}`;
}

/** The lines that continue a field are left out. */
function fieldsOf(stanza: string): ReadonlyMap<string, string> {
  const fields = stanza.matchAll(/^([\w-]+): *(.*)$/gm);
  return new Map([...fields].map(([, name = '', value = '']) => [name, value]));
}
