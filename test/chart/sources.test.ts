/** The chart's files, held against the code that they come from. */
import { readFileSync } from 'node:fs';
import { loadYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { PANELS } from '../../hack/generate/chart/dashboard.ts';
import { valuesTable } from '../../hack/generate/chart/values-table.ts';
import { allMetrics } from '../../hack/generate/metrics.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { OPTIONS } from '../../src/config/options.ts';

const read = (path: string) => readFileSync(path, 'utf8');
const inChart = (path: string) => read(`charts/scim-operator/${path}`);

interface Defaults {
  readonly logLevel: string;
  readonly rateLimit: number;
  readonly maxUnauthenticatedConnections: number;
  readonly deprovisionDelay: string;
  readonly activity: { readonly retention: string; readonly log: boolean };
  readonly groupBindings: {
    readonly enabled: boolean;
    readonly usernamePrefix: string;
    readonly usernameFrom: string;
    readonly usernameCase: string;
  };
  readonly console: {
    readonly enabled: boolean;
    readonly session: { readonly idle: string; readonly lifetime: string };
  };
  readonly database: { readonly connections: number };
}
const values = loadYaml<Defaults>(inChart('values.yaml'));

describe('the chart', () => {
  it('has the version of the program', () => {
    expect(loadYaml(inChart('Chart.yaml'))).toMatchObject({
      version: packageJson.version,
      appVersion: packageJson.version,
    });
  });

  it('has the defaults of the program', () => {
    expect({
      logLevel: values.logLevel,
      rateLimit: String(values.rateLimit),
      maxUnauthenticatedConnections: String(values.maxUnauthenticatedConnections),
      deprovisionDelay: values.deprovisionDelay,
      activityRetention: values.activity.retention,
      activityLog: String(values.activity.log),
      groupBindings: String(values.groupBindings.enabled),
      usernamePrefix: values.groupBindings.usernamePrefix,
      usernameFrom: values.groupBindings.usernameFrom,
      usernameCase: values.groupBindings.usernameCase,
      console: String(values.console.enabled),
      session: values.console.session,
      connections: String(values.database.connections),
    }).toEqual({
      logLevel: OPTIONS.logLevel.fallback,
      rateLimit: OPTIONS.rateLimit.fallback,
      maxUnauthenticatedConnections: OPTIONS.maxUnauthenticatedConnections.fallback,
      deprovisionDelay: OPTIONS.deprovisionDelayMs.fallback,
      activityRetention: OPTIONS.activityRetentionMs.fallback,
      activityLog: OPTIONS.activityLog.fallback,
      groupBindings: OPTIONS.groupBindings.fallback,
      usernamePrefix: OPTIONS.usernamePrefix.fallback,
      usernameFrom: OPTIONS.usernameFrom.fallback,
      usernameCase: OPTIONS.usernameCase.fallback,
      console: OPTIONS.console.fallback,
      session: {
        idle: OPTIONS.sessionIdleMs.fallback,
        lifetime: OPTIONS.sessionLifetimeMs.fallback,
      },
      connections: OPTIONS.databaseConnections.fallback,
    });
  });

  it('has a runbook for each alert', () => {
    const alerts = [...inChart('files/alerts.yaml').matchAll(/- alert: (\w+)/g)];
    const headings = [...read('docs/reference/alerts.md').matchAll(/^## (\w+)$/gm)];
    expect(headings.map(([, name]) => name)).toEqual(alerts.map(([, name]) => name));
  });

  it('has a dashboard of metrics that there are', () => {
    const known = allMetrics()
      .getMetricsAsArray()
      .map(({ name }) => name);
    const used = PANELS.flatMap(({ queries }) => Object.keys(queries)).flatMap(
      (query) => query.match(/\b(?:scim|controller|rest|leader|process)_[a-z_]+\b/g) ?? [],
    );
    const missing = used
      .map((name) => name.replace(/_bucket$/, ''))
      .filter((name) => !known.includes(name));
    expect(missing).toEqual([]);
  });
});

describe('the table of values', () => {
  it('takes the comment above a value, its path and its default', () => {
    const yaml = [
      '# Not in the table.',
      'a:',
      '  # -- The first',
      '  # line | and another.',
      '  b: 1',
      '  # -- A map.',
      '  c:',
      '    d: [x]',
      '    e: y',
      '# -- An empty text.',
      'f: ""',
      '',
    ].join('\n');
    expect(valuesTable(yaml).split('\n').slice(2)).toEqual([
      '| `a.b` | `1` | The first line \\| and another. |',
      '| `a.c` | see values.yaml | A map. |',
      '| `f` |  | An empty text. |',
    ]);
  });

  it('refuses a value that nobody describes', () => {
    expect(() => valuesTable('a: 1\n')).toThrow('a has no comment');
  });
});
