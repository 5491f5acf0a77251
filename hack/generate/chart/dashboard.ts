/** The dashboard for Grafana, from a list of its panels. */

interface Panel {
  readonly title: string;
  readonly unit: 'short' | 'reqps' | 's' | 'bytes' | 'percentunit';
  /** Query → legend. */
  readonly queries: Readonly<Record<string, string>>;
}

const quantile = (q: number) =>
  `histogram_quantile(${q}, sum by (le) (rate(scim_request_duration_seconds_bucket[$__rate_interval])))`;

export const PANELS: readonly Panel[] = [
  {
    title: 'SCIM requests by code',
    unit: 'reqps',
    queries: { 'sum by (code) (rate(scim_requests_total[$__rate_interval]))': '{{code}}' },
  },
  {
    title: 'SCIM requests by integration',
    unit: 'reqps',
    queries: {
      'sum by (tenant, integration) (rate(scim_requests_total[$__rate_interval]))':
        '{{tenant}} {{integration}}',
    },
  },
  {
    title: 'Duration of SCIM requests',
    unit: 's',
    queries: { [quantile(0.5)]: 'p50', [quantile(0.99)]: 'p99' },
  },
  {
    title: 'Requests without a valid token, and above the rate limit',
    unit: 'reqps',
    queries: {
      'sum(rate(scim_unauthorized_requests_total[$__rate_interval]))': '401',
      'sum(rate(scim_rate_limited_requests_total[$__rate_interval]))': '429',
    },
  },
  {
    title: 'Time since the last request of an integration',
    unit: 's',
    queries: {
      'time() - max by (tenant, integration) (scim_last_request_timestamp_seconds)':
        '{{tenant}} {{integration}}',
    },
  },
  {
    title: 'Database responds',
    unit: 'short',
    queries: { scim_directory_up: '{{instance}}' },
  },
  {
    title: 'Users and groups by tenant',
    unit: 'short',
    queries: {
      'max by (tenant) (scim_directory_users)': 'users of {{tenant}}',
      'max by (tenant) (scim_directory_groups)': 'groups of {{tenant}}',
    },
  },
  {
    title: 'Custom resources that are not ready',
    unit: 'short',
    queries: {
      'count by (kind) (scim_operator_resource_condition{condition="Ready",status!="True"} == 1)':
        '{{kind}}',
    },
  },
  {
    title: 'Reconciles by result',
    unit: 'reqps',
    queries: {
      'sum by (controller, result) (rate(controller_runtime_reconcile_total{controller=~"scim.*"}[$__rate_interval]))':
        '{{controller}} {{result}}',
    },
  },
  {
    title: 'Leader',
    unit: 'short',
    queries: { 'leader_election_master_status{name="scim-operator"}': '{{instance}}' },
  },
  {
    title: 'Calls to the Kubernetes API by code',
    unit: 'reqps',
    queries: {
      'sum by (code) (rate(rest_client_requests_total{job=~".*scim-operator.*"}[$__rate_interval]))':
        '{{code}}',
    },
  },
  {
    title: 'Memory',
    unit: 'bytes',
    queries: {
      'process_resident_memory_bytes * on (instance) group_left () scim_operator_build_info':
        '{{instance}}',
    },
  },
];

const DATASOURCE = { type: 'prometheus', uid: '$datasource' };
const [WIDTH, HEIGHT] = [12, 8];

/** The text of dashboard.json. */
export function printDashboard(): string {
  const panels = PANELS.map(({ title, unit, queries }, index) => ({
    id: index + 1,
    type: 'timeseries',
    title,
    datasource: DATASOURCE,
    gridPos: {
      x: (index % 2) * WIDTH,
      y: Math.floor(index / 2) * HEIGHT,
      w: WIDTH,
      h: HEIGHT,
    },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: Object.entries(queries).map(([expr, legendFormat], number) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + number),
      datasource: DATASOURCE,
      expr,
      legendFormat,
    })),
  }));
  const dashboard = {
    uid: 'scim-operator',
    title: 'scim-operator',
    tags: ['scim-operator'],
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' }],
    },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
