/**
 * Compares docs/reference/metrics.md and examples/prometheus/rules.yaml with the actual metrics.
 */
import { readFileSync } from 'node:fs';
import { loadYaml } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { allMetrics, fillInMetrics } from '../../hack/generate/metrics.ts';
import { metricNames } from '../../hack/process/exposition.ts';
import { createDatabase } from '../support/directory/postgres.ts';
import { Program } from '../support/program.ts';

const page = readFileSync('docs/reference/metrics.md', 'utf8');
const registry = allMetrics();
const metrics = registry.getMetricsAsArray();

describe('the reference of the metrics', () => {
  it('lists every metric with its type, labels and meaning', () => {
    expect(fillInMetrics(page, registry)).toBe(page);
  });

  it('lists every metric that a process serves', async () => {
    const database = await createDatabase();
    const server = new Program([
      'server',
      '--public-url=https://scim.example.com',
      `--database-url=${database.url}`,
      '--port=0',
      '--ops-port=0',
    ]);
    try {
      await server.logged('serving SCIM');
      const { port } = await server.logged('serving metrics and probes');
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const names = metricNames(text).filter((name) => !/^(?:process|nodejs)_/.test(name));
      expect(names).toContain('scim_requests_total');
      expect(names.filter((name) => !page.includes(`\n| \`${name}\` |`))).toEqual([]);
      expect(text).toMatch(/^scim_directory_up 1$/m);
      expect(text).toMatch(/^scim_operator_build_info\{version="\d+\.\d+\.\d+"\} 1$/m);
    } finally {
      await server.stop();
      await database.drop();
    }
  });

  it('lists names that follow the conventions of Prometheus for units and _total', () => {
    const ours = metrics.filter(({ name }) => name.startsWith('scim_'));
    for (const { name, type, help } of ours) {
      expect(name).toMatch(/^[a-z][a-z_]*[a-z]$/);
      expect([name, name.endsWith('_total')]).toEqual([name, String(type) === 'counter']);
      if (/duration|timestamp/.test(name)) expect(name).toMatch(/_seconds$/);
      expect(help).toMatch(/\.$/);
    }
  });
});

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const { groups } = loadYaml(readFileSync('examples/prometheus/rules.yaml', 'utf8')) as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

/** The series of a histogram have its name and a suffix. */
const seriesNames = new Map(
  metrics.flatMap((metric) =>
    (String(metric.type) === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map((suffix) => [
      `${metric.name}${suffix}`,
      metric,
    ]),
  ),
);
/** A name that is not a function or a label; those have a parenthesis after or around them. */
const METRIC = /\b[a-z]+(?:_[a-z]+)+\b(?!\s*\()/g;
const LABELS = /(?:\b(?:by|on|group_left)\s*\(([^)]*)\)|\{([^}]*)\})/g;

describe('the example rules', () => {
  it.each(rules)('$alert uses only existing metrics', ({ expr }) => {
    const names = expr.replace(LABELS, '').match(METRIC) ?? [];
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !seriesNames.has(name))).toEqual([]);
  });

  it.each(rules)('$alert uses only labels of its metrics', ({ expr }) => {
    const used = [...expr.matchAll(LABELS)].flatMap(([, list, matchers]) =>
      (list ?? matchers?.replace(/[!=~]+"[^"]*"/g, '') ?? '')
        .split(',')
        .map((label) => label.trim()),
    );
    const names = expr.replace(LABELS, '').match(METRIC) ?? [];
    const known = names.flatMap((name) => {
      const metric = seriesNames.get(name);
      return metric && 'labelNames' in metric ? metric.labelNames : [];
    });
    expect(used.filter((label) => !known.includes(label))).toEqual([]);
  });

  it.each(rules)('$alert has a severity, a summary and a description', (rule) => {
    expect(rule.labels.severity).toMatch(/^(?:info|warning|critical)$/);
    expect(rule.annotations.summary).not.toBe('');
    expect(rule.annotations.description).toMatch(/\.(?:\{\{ end \}\})?\n?$/);
  });
});
