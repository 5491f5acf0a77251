/** Applies the example and waits until its integration is Ready. */
import { existsSync, readFileSync } from 'node:fs';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import { CONDITION, REASON } from '../../src/crd/reasons.ts';
import { shownDatabaseUrl } from '../../src/directory/database-url.ts';
import type { DemoCluster } from './current-cluster.ts';
import type { DemoOptions } from './environment.ts';
import { applyExample } from './examples.ts';
import { readToken } from './token.ts';

const DEADLINE_MS = 60_000;
const POLL_MS = 25;

export interface Endpoint {
  /** The URL for the identity provider. */
  readonly endpoint: string;
  /** The same endpoint at a loopback address. */
  readonly base: string;
  readonly token: string;
  readonly namespace: string;
  readonly name: string;
  readonly secretName: string;
}

interface Waiting extends Pick<DemoOptions, 'publicUrl' | 'port' | 'databaseUrl'> {
  /** The operator's log. Its warnings are said while the demo waits. */
  readonly logFile: string;
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
}

/** Rejects if the integration is Stalled, because waiting doesn't change that. */
export async function becomeReady(
  { client }: Pick<DemoCluster, 'client'>,
  { publicUrl, port, databaseUrl, logFile, say, stop }: Waiting,
): Promise<Endpoint> {
  const deadline = performance.now() + DEADLINE_MS;
  const { metadata } = await applyExample(client, deadline);
  const key = { namespace: metadata.namespace ?? '', name: metadata.name };
  const said = new Set<string>();
  for (;;) {
    const integration = await client.get<KubeIntegration>(SCIM_INTEGRATIONS, key);
    const { status } = integration;
    const condition = (wanted: string) => status?.conditions?.find(({ type }) => type === wanted);
    const ready = condition(CONDITION.Ready);
    if (ready?.status === 'True' && status?.endpoint && status.tokenSecretRef) {
      const secretName = status.tokenSecretRef.name;
      const token = await readToken(client, { ...key, secretName });
      const { endpoint } = status;
      const base = endpoint.replace(publicUrl.replace(/\/+$/, ''), `http://127.0.0.1:${port}`);
      return { ...key, secretName, endpoint, base, token: token ?? '' };
    }
    const stalled = condition(CONDITION.Stalled);
    if (stalled?.reason === REASON.TenantNotAllowed) {
      throw new Error(
        `the database ${shownDatabaseUrl(databaseUrl)} has the data of another cluster, such as ` +
          `that of an earlier demo (${stalled.message}); use an empty database`,
      );
    }
    if (stalled !== undefined)
      throw new Error(`${key.namespace}/${key.name} is stalled: ${stalled.message}`);
    for (const trouble of troublesIn(logFile)) {
      if (!said.has(trouble)) say(`  The operator says: ${trouble}`);
      said.add(trouble);
    }
    if (stop.aborted || performance.now() > deadline) {
      const why = ready?.message ?? [...said].at(-1) ?? 'the operator has not reconciled it yet';
      throw new Error(`${key.namespace}/${key.name} did not become Ready: ${why}; see ${logFile}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly reason?: string;
}

/** The warnings and errors in the operator's log. */
function troublesIn(logFile: string): readonly string[] {
  const text = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
  return text
    .split('\n')
    .filter((line) => /^\{.*"level":"(?:warn|error|fatal)".*\}$/.test(line))
    .map((line) => JSON.parse(line) as LogLine)
    .map(({ msg, reason }) => (reason === undefined ? msg : `${msg} (${reason})`));
}
