import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { type Health, healthOf } from '../support/kube/argocd-health.ts';

const FOLDER = 'examples/argocd/resource_customizations/scim-operator.dev';
const KINDS = ['ScimGroupBinding', 'ScimIntegration', 'ScimTenant'];

interface HealthTests {
  readonly tests: readonly { readonly healthStatus: Health; readonly inputPath: string }[];
}

const script = (kind: string) => readFileSync(join(FOLDER, kind, 'health.lua'), 'utf8');
const testsOf = (kind: string) =>
  loadYaml<HealthTests>(readFileSync(join(FOLDER, kind, 'health_test.yaml'), 'utf8')).tests;

describe('the health scripts for Argo CD', () => {
  it('exist for every kind', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(KINDS);
  });

  it.each(
    KINDS.flatMap((kind) =>
      testsOf(kind).map(({ healthStatus, inputPath }) => [kind, inputPath, healthStatus] as const),
    ),
  )(
    'return the health of a %s in %s that the test beside them expects',
    (kind, inputPath, healthStatus) => {
      const resource: unknown = loadYaml(readFileSync(join(FOLDER, kind, inputPath), 'utf8'));
      expect(resource).toMatchObject({ kind });
      expect(healthOf(script(kind), resource)).toEqual(healthStatus);
    },
  );

  it.each(KINDS)('are tested with every example of a %s', (kind) => {
    const tested = testsOf(kind).map(({ inputPath }) => inputPath.replace('testdata/', ''));
    expect(tested.sort()).toEqual(readdirSync(join(FOLDER, kind, 'testdata')).sort());
  });

  it('are identical for all kinds and in the snippet for argocd-cm', () => {
    const { data } = loadYaml<{ data: Record<string, string> }>(
      readFileSync('examples/argocd/argocd-cm.yaml', 'utf8'),
    );
    const scripts = KINDS.map((kind) => [
      `resource.customizations.health.scim-operator.dev_${kind}`,
      script('ScimIntegration'),
    ]);
    expect(data).toEqual(Object.fromEntries(scripts));
    for (const kind of KINDS) expect(script(kind)).toBe(script('ScimIntegration'));
  });

  it('wait for an object that has no status yet', () => {
    const metadata = { name: 'idp', generation: 1 };
    expect(healthOf(script('ScimTenant'), { kind: 'ScimTenant', metadata }).status).toBe(
      'Progressing',
    );
  });
});
