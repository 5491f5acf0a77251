/** The manifests in the documentation set fields that exist. */
import { describe, expect, it } from 'vitest';
import { fieldTable } from '../../hack/generate/tables.ts';
import { ScimGroupBinding } from '../../src/crd/scim-group-binding.ts';
import { ScimIntegration } from '../../src/crd/scim-integration.ts';
import { ScimTenant } from '../../src/crd/scim-tenant.ts';
import { structuralSchema } from '../../src/crd/structural-schema.ts';
import { VALUE_NAMES, VALUE_PATHS } from '../support/docs/chart-values.ts';
import { commandsOf } from '../support/docs/commands.ts';
import { chartValuesOf, manifestsOf } from '../support/docs/manifests.ts';
import { PAGES } from '../support/docs/pages.ts';

const KINDS: Readonly<Record<string, Parameters<typeof structuralSchema>[0]>> = {
  ScimGroupBinding,
  ScimIntegration,
  ScimTenant,
};
const manifests = PAGES.flatMap((page) =>
  manifestsOf(page).map((manifest) => ({ ...manifest, page: page.path })),
);

function knownFields(kind: string): ReadonlySet<string> {
  const schema = KINDS[kind];
  if (schema === undefined) return new Set();
  const rows = fieldTable(structuralSchema(schema), 'spec').matchAll(/^\| `([^`]+)`/gm);
  return new Set([...rows].map(([, field = '']) => `spec.${field.replaceAll('[]', '')}`));
}

describe('the manifests in the documentation', () => {
  it('are found', () => {
    expect(new Set(manifests.map(({ kind }) => kind))).toEqual(new Set(Object.keys(KINDS)));
  });

  it('set fields that exist', () => {
    const unknown = manifests.flatMap(({ page, kind, fields }) =>
      fields
        .filter((field) => field.startsWith('spec.') && !/\.matchLabels\./.test(field))
        .filter((field) => !knownFields(kind).has(field))
        .map((field) => `${page}: ${kind} ${field}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('the values of the chart in the documentation', () => {
  it('exist', () => {
    const used = PAGES.flatMap((page) => {
      const set = commandsOf(page)
        .filter(({ program }) => program === 'helm')
        .flatMap(({ words }) => words.filter((_, index) => words[index - 1] === '--set'))
        .map((word) => word.split('=')[0] ?? '');
      return [...chartValuesOf(page, VALUE_NAMES), ...set].map((path) => ({
        page: page.path,
        // Annotations have names of other programs.
        path: path.replace(/(?<=\.annotations)\..*/, ''),
      }));
    });
    expect(used.length).toBeGreaterThan(10);
    expect(used.filter(({ path }) => !VALUE_PATHS.has(path))).toEqual([]);
  });
});

describe('a manifest', () => {
  it('may be a part of another object', () => {
    const code = `spec:
  manifest:
    apiVersion: scim-operator.dev/v1alpha1
    kind: ScimIntegration
    spec:
      token:
        rotation:
          interval: 720h
      enabled: false
  other: 1
`;
    const [manifest] = manifestsOf({ path: '', text: `\`\`\`yaml\n${code}\`\`\`\n` });
    expect(manifest?.fields).toEqual([
      'apiVersion',
      'kind',
      'spec',
      'spec.token',
      'spec.token.rotation',
      'spec.token.rotation.interval',
      'spec.enabled',
    ]);
  });
});
