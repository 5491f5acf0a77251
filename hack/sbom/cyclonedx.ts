/** The bill of materials of the image, as CycloneDX 1.6 (ECMA-424). */
import type { NpmPackage } from './packages.ts';
import { DEBIAN_LICENCES, type DebianPackage } from './system.ts';

export interface Contents {
  readonly program: {
    readonly name: string;
    readonly version: string;
    readonly description: string;
    readonly license: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  /** As container engines name it. */
  readonly architecture: string;
  readonly packages: readonly NpmPackage[];
  readonly node: { readonly version: string; readonly parts: Readonly<Record<string, string>> };
  readonly sqliteVersion: string;
  readonly debian: readonly DebianPackage[];
  readonly distribution: string | undefined;
}

interface Component {
  readonly type: 'application' | 'container' | 'library';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly licenses?: readonly ({ license: { id: string } } | { expression: string })[];
  readonly purl?: string;
  readonly cpe?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly components?: readonly Component[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

export interface BillOfMaterials {
  readonly $schema: string;
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.6';
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Has neither a serial number nor a time, so that equal contents give an equal file. */
export function billOfMaterials(contents: Contents): BillOfMaterials {
  const { program, architecture, packages } = contents;
  const debian = contents.debian.map((each) => debianComponent(each, contents.distribution));
  const node = nodeComponent(contents.node);
  const npm = new Map(packages.map((each) => [each.folder, npmComponent(each, contents)]));
  const components = [node, ...debian, ...npm.values()];
  const refs = (each: readonly Component[]) => each.map((component) => component['bom-ref']);
  const of = (folders: readonly string[]) => folders.flatMap((folder) => npm.get(folder) ?? []);
  const direct = Object.keys(program.dependencies).map((name) => `node_modules/${name}`);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'container',
        'bom-ref': program.name,
        name: program.name,
        version: program.version,
        description: program.description,
        licenses: licences(program.license),
        properties: [{ name: `${program.name}:architecture`, value: architecture }],
      },
    },
    components,
    dependencies: [
      { ref: program.name, dependsOn: refs([node, ...of(direct)]) },
      { ref: node['bom-ref'], dependsOn: refs(debian) },
      ...debian.map((each) => ({ ref: each['bom-ref'], dependsOn: [] })),
      ...packages.flatMap(({ folder, dependsOn }) =>
        refs(of([folder])).map((ref) => ({ ref, dependsOn: refs(of(dependsOn)) })),
      ),
    ],
  };
}

function npmComponent(each: NpmPackage, { sqliteVersion }: Contents): Component {
  const { name, version, licence, sha512 } = each;
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const sqlite: Component = {
    type: 'library',
    'bom-ref': `pkg:generic/sqlite@${sqliteVersion}`,
    name: 'sqlite',
    version: sqliteVersion,
    licenses: licences('blessing'),
    purl: `pkg:generic/sqlite@${sqliteVersion}`,
    cpe: cpe('sqlite', 'sqlite', sqliteVersion),
  };
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    licenses: licences(licence),
    purl,
    hashes: [{ alg: 'SHA-512', content: sha512 }],
    ...(name === 'better-sqlite3' && { components: [sqlite] }),
  };
}

/** Its LICENSE, which the image contains, has the licences of its parts. */
function nodeComponent({ version, parts }: Contents['node']): Component {
  const ref = `pkg:generic/node@${version}`;
  return {
    type: 'application',
    'bom-ref': ref,
    name: 'node',
    version,
    licenses: licences('MIT'),
    purl: ref,
    cpe: cpe('nodejs', 'node.js', version),
    components: Object.entries(parts).map(([name, partVersion]) => ({
      type: 'library',
      'bom-ref': `${ref}#${name}`,
      name,
      version: partVersion,
      ...(name === 'openssl' && { cpe: cpe('openssl', 'openssl', partVersion) }),
    })),
  };
}

function debianComponent(each: DebianPackage, distribution: string | undefined): Component {
  const { name, version, architecture } = each;
  const qualifiers = [`arch=${architecture}`, ...(distribution ? [`distro=${distribution}`] : [])];
  const id = `${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
  const purl = `pkg:deb/debian/${id}?${qualifiers.join('&')}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    licenses: licences(DEBIAN_LICENCES[name] ?? ''),
    purl,
  };
}

const licences = (expression: string) =>
  expression.includes(' ') ? [{ expression }] : [{ license: { id: expression } }];

const cpe = (vendor: string, product: string, version: string) =>
  `cpe:2.3:a:${vendor}:${product}:${version}:*:*:*:*:*:*:*`;
