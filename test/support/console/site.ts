/**
 * The console as `run` serves it: on a real API server with the permissions that the operator ships
 * with, a running operator, and SCIM on the same port.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/commands/run.ts';
import { readInvocation } from '../../../src/config/invocation.ts';
import type { Client } from '../../../src/kube/client.ts';
import type { PolicyRule } from '../../../src/kube/objects.ts';
import {
  type KubeObject,
  ROLE_BINDINGS,
  ROLES,
  SERVICE_ACCOUNTS,
} from '../../../src/kube/resource.ts';
import {
  CONSOLE_RULES,
  groupBindingRules,
  OPERATOR_RULES,
  operatorManifests,
  POLICY_RULES,
} from '../../../src/operator/rbac.ts';
import { type CapturedLog, captureLog } from '../captured-log.ts';
import { eventually } from '../eventually.ts';
import { untilGranted, userOf } from '../kube/access.ts';
import { adminClient, applyCrds, createNamespace, TEST_MANAGER } from '../kube/cluster.ts';
import { installOperator } from '../operator/fixture.ts';

export interface Site {
  readonly admin: Client;
  /** Without a trailing slash. */
  readonly url: string;
  readonly lines: CapturedLog['lines'];
  /** The operator's own. */
  readonly namespace: string;
  close(): Promise<void>;
}

/** `environment` has variables of the program. */
export async function openSite(environment: Readonly<Record<string, string>> = {}): Promise<Site> {
  const admin = adminClient();
  await applyCrds(admin);
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-site-'));
  const namespace = await createNamespace(admin, 'operator');
  const rules = [
    ...OPERATOR_RULES,
    ...groupBindingRules(['view', 'edit']),
    ...POLICY_RULES,
    ...CONSOLE_RULES,
  ];
  const manifests = operatorManifests(namespace, namespace, rules);
  const kubeconfig = await installOperator(admin, folder, manifests);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const invocation = readInvocation(['run'], {
    SCIM_OPERATOR_PUBLIC_URL: url,
    SCIM_OPERATOR_PORT: String(port),
    SCIM_OPERATOR_OPS_PORT: '0',
    SCIM_OPERATOR_DATABASE_URL: `file:${join(folder, 'directory.db')}`,
    SCIM_OPERATOR_KUBECONFIG: kubeconfig,
    SCIM_OPERATOR_LEADER_ELECTION_NAMESPACE: namespace,
    ...environment,
  });
  if (invocation.kind !== 'command') throw new Error('not a command');
  const { log, lines } = captureLog();
  const stopping = new AbortController();
  const planes = { server: true, operator: true };
  const running = run(planes, invocation.config, log, stopping.signal);
  await Promise.race([running, eventually(() => fetch(`${url}/console`))]);
  return {
    admin,
    url,
    lines,
    namespace,
    close: async () => {
      stopping.abort();
      await running;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** Everything that the console asks about. */
export const EVERYTHING: readonly PolicyRule[] = [
  {
    apiGroups: ['directory.scim-operator.dev'],
    resources: ['users', 'groups', 'bindings', 'activity'],
    verbs: ['get', 'list', 'update', 'delete'],
  },
  {
    apiGroups: ['scim-operator.dev'],
    resources: ['scimintegrations', 'scimgroupbindings'],
    verbs: ['get', 'list', 'create', 'patch', 'delete'],
  },
];

/**
 * Creates a ServiceAccount with these permissions in the namespace. Returns a token for the
 * console, and the user that it stands for.
 */
export async function createVisitor(
  admin: Client,
  namespace: string,
  name: string,
  rules: readonly PolicyRule[] = EVERYTHING,
): Promise<{ readonly token: string; readonly user: string }> {
  const metadata = { namespace, name };
  await admin.create(SERVICE_ACCOUNTS, { metadata }, TEST_MANAGER);
  const role = { metadata, rules };
  await admin.create(ROLES, role, TEST_MANAGER);
  const binding = {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  };
  await admin.create<KubeObject>(ROLE_BINDINGS, binding, TEST_MANAGER);
  const user = userOf(metadata);
  await untilGranted(admin, user, [role]);
  const { status } = await admin.createSubresource<{ status: { token: string } }>(
    SERVICE_ACCOUNTS,
    metadata,
    'token',
    { spec: { audiences: ['scim-operator'], expirationSeconds: 3_600 } },
  );
  return { token: status.token, user };
}
