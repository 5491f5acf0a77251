/** The commands in the documentation name targets, options, resources and files that exist. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allMetrics } from '../../hack/generate/metrics.ts';
import { fieldTable } from '../../hack/generate/tables.ts';
import { readInvocation } from '../../src/config/invocation.ts';
import * as names from '../../src/crd/names.ts';
import { ScimGroupBinding } from '../../src/crd/scim-group-binding.ts';
import { ScimIntegration } from '../../src/crd/scim-integration.ts';
import { ScimTenant } from '../../src/crd/scim-tenant.ts';
import { structuralSchema } from '../../src/crd/structural-schema.ts';
import { type Command, commandsIn, commandsOf } from '../support/docs/commands.ts';
import { PAGES } from '../support/docs/pages.ts';

const MAKE_TARGETS = new Set(
  [...readFileSync('Makefile', 'utf8').matchAll(/^([a-z0-9-]+):.*## /gm)].map(([, name]) => name),
);
const RESOURCES = resourceNames();
const KEYS = new Set<string>(Object.values(names).filter((value) => typeof value === 'string'));
const FILE_FLAGS = new Set(['-f', '--filename', '--patch-file', '-k', '--values']);

/** The fields of all kinds, such as `spec.token.rotation`. */
const FIELDS = new Set(
  [ScimIntegration, ScimTenant, ScimGroupBinding].flatMap((kind) =>
    (['spec', 'status'] as const).flatMap((part) =>
      [...fieldTable(structuralSchema(kind), part).matchAll(/^\| `([^`]+)`/gm)].map(
        ([, field = '']) => `${part}.${field.replaceAll('[]', '')}`,
      ),
    ),
  ),
);

/** The plurals, kinds, short names and the category, as kubectl accepts them. */
function resourceNames(): ReadonlySet<string> {
  const kinds = [names.SCIM_INTEGRATIONS, names.SCIM_TENANTS, names.SCIM_GROUP_BINDINGS];
  const plain = kinds.flatMap(({ plural, kind }) => {
    const crd = readFileSync(`crds/${names.GROUP}_${plural}.yaml`, 'utf8');
    const [, short = ''] = /shortNames:\s*\n\s*- (\w+)/.exec(crd) ?? [];
    return [plural, kind.toLowerCase(), kind, short];
  });
  return new Set(['scim', ...plain, ...plain.map((name) => `${name}.${names.GROUP}`)]);
}

const commands = PAGES.flatMap((page) =>
  commandsOf(page).map((command) => ({ ...command, page: page.path })),
);

/** The faults of the commands of a program, each with its page. */
function faultsOf(program: string, check: (command: Command) => readonly string[]) {
  return commands
    .filter((command) => command.program === program)
    .flatMap((command) => check(command).map((fault) => `${command.page}: ${fault}`));
}

function faultsOfMake({ words }: Command): readonly string[] {
  const targets = words.filter((word) => !word.includes('='));
  return targets.filter((word) => !MAKE_TARGETS.has(word)).map((word) => `make ${word}`);
}

/** Values are not checked: examples leave parts of them out. */
function faultsOfProgram({ words }: Command): readonly string[] {
  try {
    readInvocation(
      words.filter((word) => word !== '…'),
      {},
    );
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return /unknown|unexpected|not an option|requires a value/.test(message) ? [message] : [];
  }
}

function faultsOfKubectl({ words, line }: Command): readonly string[] {
  const ours = words
    .filter((_word, index) => !/^(?:-n|--namespace|-c)$/.test(words[index - 1] ?? ''))
    .flatMap((word) => word.split('/')[0]?.split(',') ?? [])
    .filter((word) => /^scim[a-z]*(?:\.scim-operator\.dev)?$/i.test(word));
  const fields = ours.length === 0 ? [] : fieldsIn(line);
  const keys = line.match(/scim-operator\.dev\/[a-z-]+/g) ?? [];
  return [
    ...ours.filter((word) => !RESOURCES.has(word)),
    ...fields.filter((field) => !FIELDS.has(field)),
    ...keys.filter((key) => !KEYS.has(key)),
    ...missingFiles(words),
  ];
}

/** The fields in JSONPaths, templates, column definitions and patches. */
function fieldsIn(line: string): readonly string[] {
  const paths = [...line.matchAll(/\.((?:spec|status)(?:\.[A-Za-z]+)+)/g)];
  const patched = [...line.matchAll(/"(spec|status)":\{"(\w+)"/g)];
  return [
    ...paths.map(([, path = '']) => path),
    ...patched.map(([, part = '', field = '']) => `${part}.${field}`),
  ];
}

function missingFiles(words: readonly string[]): readonly string[] {
  return words.filter(
    (word, index) =>
      FILE_FLAGS.has(words[index - 1] ?? '') &&
      /^(?:charts|crds|examples|policies)\//.test(word) &&
      !existsSync(word),
  );
}

describe('the documentation', () => {
  it.each([
    ['targets of make', 'make', faultsOfMake],
    ['commands and options of scim-operator', 'scim-operator', faultsOfProgram],
    ['resources, labels and files with kubectl', 'kubectl', faultsOfKubectl],
    ['files with helm', 'helm', ({ words }: Command) => missingFiles(words)],
  ])('uses %s that exist', (_, program, check) => {
    expect(faultsOf(program, check)).toEqual([]);
  });

  it('has commands of each kind', () => {
    const programs = new Set(commands.map(({ program }) => program));
    expect([...programs]).toEqual(expect.arrayContaining(['make', 'scim-operator', 'kubectl']));
  });

  it('names metrics that exist', () => {
    const known = new Set(
      allMetrics()
        .getMetricsAsArray()
        .map(({ name }) => name),
    );
    const unknown = PAGES.flatMap(({ path, text }) =>
      [...text.matchAll(/\bscim_[a-z]+(?:_[a-z]+)+\b(?![_…])/g)]
        .map(([name]) => name)
        .filter((name) => !known.has(name.replace(/_(?:bucket|count|sum)$/, '')))
        .filter((name) => !TABLES.has(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});

const TABLES = new Set(['scim_operator_migrations']);

describe('a line of shell', () => {
  it('is split into its commands', () => {
    const line = `A=1 make test && node dist/scim-operator.js probe --url "$(kubectl get scimint x)" > r.json`;
    expect(commandsIn(line).map(({ program, words }) => [program, ...words])).toEqual([
      ['make', 'test'],
      ['scim-operator', 'probe', '--url', '$(kubectl get scimint x)'],
      ['kubectl', 'get', 'scimint', 'x'],
    ]);
  });
});
