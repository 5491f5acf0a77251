/** Compares the imports with the rules in docs/architecture.md. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Folder → the folders that it may import, besides itself. `.` is src/ itself. */
const ARROWS: Record<string, readonly string[]> = {
  scim: [],
  directory: ['scim', '.'],
  http: ['scim', '.'],
  'scim-server': ['http', 'directory', 'scim', '.'],
  crd: [],
  kube: ['.'],
  operator: ['directory', 'kube', 'scim', 'crd', '.'],
  probe: ['scim'],
  access: ['directory', 'kube', 'scim', 'crd', '.'],
  sso: ['access', 'directory', 'http', 'kube', 'scim', '.'],
  console: ['sso', 'access', 'directory', 'http', 'kube', 'crd', 'scim', 'probe', '.'],
  config: ['http', 'directory', 'probe', 'crd', '.'],
  commands: [
    'config',
    'console',
    'sso',
    'access',
    'scim-server',
    'operator',
    'directory',
    'probe',
    'http',
    'kube',
    'scim',
    'crd',
    '.',
  ],
};
/** The files in src/ that a folder may import. */
const SHARED = ['src/eventual.ts', 'src/logger.ts', 'src/outage.ts'];

const OPERATOR = 'src/operator/';
/** The folder within operator/, or undefined for a file in operator/ itself. */
const roomOf = (path: string) => (path.includes('/') ? path.split('/')[0] : undefined);
/** The files that assemble the operator from all rooms. No room may import them. */
const ASSEMBLY = [
  'operator.ts',
  'term.ts',
  'sweep.ts',
  'options.ts',
  'reflectors.ts',
  'definitions.ts',
];
/** The rooms that a room may import, besides the other files in operator/, which import no room. */
const OPERATOR_ARROWS: Record<string, readonly string[]> = {
  token: [],
  tenant: [],
  'group-binding': ['tenant'],
  'default-role': ['tenant'],
  integration: ['token', 'tenant'],
};

/** A quirk may import only the types and errors of the protocol, and text. */
const QUIRKS = 'src/scim/quirks/';
const QUIRKS_KNOW = ['condition', 'error', 'filter', 'json', 'schema', 'text'];

/** The maximum number of files in a folder, except in FLAT, where prefixes group the files. */
const MOST_FILES = 20;
const FLAT = new Set(['src/scim', 'src/kube', 'src/crd']);

/**
 * Files that read the wall clock for times that are stored, shown or compared with stored times.
 */
const WALL_CLOCK_READERS = [
  'src/directory/ids.ts',
  'src/directory/postgres/store.ts',
  'src/directory/sqlite/store.ts',
  'src/directory/transfer/open.ts',
  // A plugin's token has an expiry time.
  'src/kube/credentials.ts',
  'src/kube/events.ts',
  'src/kube/leader-election.ts',
  'src/logger.ts',
  'src/operator/term.ts',
  'src/commands/run.ts',
  'src/commands/people.ts',
  'src/commands/activity.ts',
];

const imports = new Map(
  globSync('src/**/*.{ts,tsx}').map((file) => [
    file,
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) =>
      normalize(join(dirname(file), match[1] ?? '')),
    ),
  ]),
);
const folderOf = (file: string) => file.split('/').slice(1, -1)[0] ?? '.';

describe('the sources', () => {
  it('import only along the arrows between folders', () => {
    const wrong = [...imports].flatMap(([file, targets]) => {
      const from = folderOf(file);
      if (from === '.') return [];
      return targets
        .filter((target) => {
          const to = folderOf(target);
          if (to === from || !target.startsWith('src/')) return false;
          return !ARROWS[from]?.includes(to) || (to === '.' && !SHARED.includes(target));
        })
        .map((target) => `${file} → ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('import only along the arrows within operator/', () => {
    const wrong = [...imports]
      .filter(([file]) => file.startsWith(OPERATOR))
      .flatMap(([file, targets]) => {
        const from = file.slice(OPERATOR.length);
        if (ASSEMBLY.includes(from)) return [];
        const room = roomOf(from);
        const allowed = room === undefined ? [] : (OPERATOR_ARROWS[room] ?? []);
        return targets
          .filter((target) => target.startsWith(OPERATOR))
          .map((target) => target.slice(OPERATOR.length))
          .filter((to) => roomOf(to) !== room || room === undefined)
          .filter((to) => roomOf(to) !== undefined || ASSEMBLY.includes(to))
          .filter((to) => !allowed.includes(roomOf(to) ?? ''))
          .map((to) => `${from} → ${to}`);
      });
    expect(wrong).toEqual([]);
  });

  it('have quirks that get what they need of the protocol as arguments', () => {
    const allowed = new Set(QUIRKS_KNOW.map((file) => `src/scim/${file}.ts`));
    const wrong = [...imports]
      .filter(([file]) => file.startsWith(QUIRKS))
      .flatMap(([file, targets]) =>
        targets
          .filter((target) => !target.startsWith(QUIRKS) && !allowed.has(target))
          .map((target) => `${file} → ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('are in folders with at most 20 files', () => {
    const sizes = Map.groupBy(imports.keys(), (file) => dirname(file));
    const large = [...sizes]
      .filter(([folder, files]) => files.length > MOST_FILES && !FLAT.has(folder))
      .map(([folder, files]) => `${folder}: ${files.length} files`);
    expect(large).toEqual([]);
  });

  it('have no line over 110 columns', () => {
    const long = [...imports.keys()]
      // A released migration can't be changed, because databases store its hash.
      .filter((file) => !file.includes('/migrations/'))
      .flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line, index) => (line.length > 110 ? `${file}:${index + 1}` : [])),
      );
    expect(long).toEqual([]);
  });

  it('have no cycle of imports', () => {
    const done = new Set<string>();
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) throw new Error(`cycle: ${[...trail, file].join(' → ')}`);
      // Data, such as JSON, imports nothing.
      if (done.has(file) || !imports.has(file)) return;
      for (const next of imports.get(file) ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const file of imports.keys()) visit(file, []);
    expect(done.size).toBe(imports.size);
  });

  it('read the wall clock only for times that others see, never for durations', () => {
    const readers = [...imports.keys()].filter((file) =>
      /\bDate\.now\b|\bnew Date\(\)/.test(readFileSync(file, 'utf8')),
    );
    expect(readers.toSorted()).toEqual(WALL_CLOCK_READERS.toSorted());
  });

  it('end the process only in cli.ts', () => {
    const guilty = [...imports.keys()].filter(
      (file) => file !== 'src/cli.ts' && readFileSync(file, 'utf8').includes('process.exit('),
    );
    expect(guilty).toEqual([]);
  });

  it('export nothing that no other file uses', () => {
    const used = new Set(
      globSync('{src,test,hack,bench}/**/*.{ts,tsx}').flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(NAMED_IMPORT)].flatMap(
          ([, names = '', path = '']) =>
            names
              .split(',')
              .map(
                (name) =>
                  name
                    .trim()
                    .replace(/^type /, '')
                    .split(' as ')[0],
              )
              .map((name) => `${normalize(join(dirname(file), path))} ${name}`),
        ),
      ),
    );
    const unused = exported()
      .filter(({ file }) => !READ_AS_A_WHOLE.has(file))
      .map(({ file, name }) => `${file} ${name}`)
      .filter((each) => !used.has(each));
    expect(unused).toEqual([]);
  });

  it('export no name with two meanings', () => {
    const ambiguous = [...Map.groupBy(exported(), ({ name }) => name)]
      .filter(([, places]) => new Set(places.map(({ file }) => mirrored(file))).size > 1)
      .map(([name, places]) => `${name}: ${places.map(({ file }) => file).join(', ')}`);
    expect(ambiguous).toEqual([]);
  });
});

const exported = () =>
  [...imports.keys()].flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(EXPORT)].map(([, name = '']) => ({ file, name })),
  );

/**
 * Files of the same name in sqlite/ and postgres/ fulfil one contract and are never used together,
 * so a name that both export has one meaning.
 */
const mirrored = (file: string) =>
  file.replace(/^src\/directory\/(?:sqlite|postgres)\/(?:.*\/)?/, 'src/directory/DATABASE/');

const NAMED_IMPORT =
  /(?:import|export|const)(?: type)? \{([^}]*)\} (?:from |= await import\()'(\.[^']*)'/g;
const EXPORT = /^export (?:async )?(?:const|function|interface|type|class) (\w+)/gm;

/** Files that are imported with `* as`. */
const READ_AS_A_WHOLE = new Set([
  'src/directory/postgres/schema.ts',
  'src/directory/sqlite/schema.ts',
  'src/scim/limits.ts',
]);
