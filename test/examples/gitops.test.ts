import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAllYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { VALUE_PATHS } from '../support/docs/chart-values.ts';

const FOLDER = 'examples/gitops';

interface Example {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly dependsOn?: readonly { readonly name: string }[];
    /** Of a HelmRelease. */
    readonly values?: object;
    /** Of an Application. */
    readonly source?: { readonly helm?: { readonly valuesObject?: object } };
  };
}

const objects = readdirSync(FOLDER).flatMap((file) =>
  (loadAllYaml(readFileSync(join(FOLDER, file), 'utf8')) as Example[]).filter(Boolean),
);

function pathsIn(values: object, prefix = ''): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const path = `${prefix}${name}`;
    return typeof value === 'object' && value !== null
      ? [path, ...pathsIn(value, `${path}.`)]
      : [path];
  });
}

describe('the examples for GitOps', () => {
  it('set values that the chart has', () => {
    const values = objects.flatMap(({ spec }) => [
      ...pathsIn(spec?.values ?? {}),
      ...pathsIn(spec?.source?.helm?.valuesObject ?? {}),
    ]);
    expect(values).toContain('publicUrl');
    expect(values.filter((path) => !VALUE_PATHS.has(path))).toEqual([]);
  });

  it('depend on Kustomizations that exist', () => {
    const names = objects
      .filter(({ kind }) => kind === 'Kustomization')
      .map(({ metadata }) => metadata.name);
    const needed = objects.flatMap(({ spec }) => spec?.dependsOn ?? []).map(({ name }) => name);
    expect(needed.length).toBeGreaterThan(0);
    expect(needed.filter((name) => !names.includes(name))).toEqual([]);
  });
});
