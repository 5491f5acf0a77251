/** Takes each permission in a namespace away, and checks where that is reported. */
import { describe, expect, it } from 'vitest';
import { parseExposition } from '../../hack/process/exposition.ts';
import { DIRECTORY_API_GROUP } from '../../src/directory/permissions.ts';
import type { PolicyRule } from '../../src/kube/objects.ts';
import { NAMESPACES, ROLE_BINDINGS, SERVICE_ACCOUNTS } from '../../src/kube/resource.ts';
import {
  CLUSTER_RULES,
  namespacedManifests,
  TENANT_RULES,
  WATCHED_NAMESPACE_RULES,
} from '../../src/operator/rbac.ts';
import { type CapturedLog, captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';
import {
  installedFixture,
  type OperatorFixture,
  TestIntegration,
} from '../support/operator/fixture.ts';

interface Trial {
  readonly fixture: OperatorFixture;
  readonly namespace: string;
  readonly resource: string;
  readonly operator: ReturnType<OperatorFixture['start']>;
  readonly lines: CapturedLog['lines'];
}

const create = ({ fixture, namespace }: Trial) => TestIntegration.createIn(fixture, namespace);

async function sum({ operator }: Trial, name: string, labels: object): Promise<number> {
  return parseExposition(await operator.registry.metrics())
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([k, v]) => sample.labels[k] === v))
    .reduce((total, { value }) => total + value, 0);
}

/** Waits for a warning about a forbidden call. */
async function expectLine({ lines }: Trial, wanted: RegExp): Promise<void> {
  await eventually(() => {
    const told = lines.filter(({ level }) => level === 'warn').map((line) => JSON.stringify(line));
    expect(told.filter((line) => line.includes('403') && wanted.test(line))).not.toEqual([]);
  });
}

/** The condition Ready names the missing permission. */
async function inCondition(trial: Trial, integration?: TestIntegration): Promise<void> {
  const told = integration ?? (await create(trial));
  await eventually(async () => {
    const ready = await told.condition('Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'PermissionDenied' });
    expect(ready?.message).toContain(trial.resource);
  });
}

/** The log, a metric and /readyz name the missing permission. */
async function inWatch(trial: Trial): Promise<void> {
  const { resource, operator } = trial;
  await expectLine(trial, new RegExp(`"resource":"${resource}"`));
  await eventually(async () => {
    expect(operator.unready()).toMatch(new RegExp(`^${resource} in namespace`));
    expect(await sum(trial, 'reflector_refused_watches', { resource })).toBeGreaterThan(0);
  });
}

/** Without the permission to write the status, only the log, a metric and /readyz can name it. */
async function inStatus(trial: Trial): Promise<void> {
  const { key } = await create(trial);
  await expectLine(trial, /scimintegrations.*status/);
  const message = `may not write the status of ScimIntegration ${key.namespace}/${key.name};`;
  await eventually(() => expect(trial.operator.unready()).toContain(message));
  await expectErrors(trial);
}

async function expectErrors(trial: Trial): Promise<void> {
  const labels = { controller: 'scimintegration' };
  await eventually(async () =>
    expect(await sum(trial, 'controller_runtime_reconcile_errors_total', labels)).toBeGreaterThan(
      0,
    ),
  );
}

/** There is no status any more, so only the log and a metric report it. */
async function atTheEnd(trial: Trial): Promise<void> {
  const integration = await create(trial);
  await integration.settled('True');
  await integration.delete();
  await expectLine(trial, new RegExp(trial.resource));
  await expectErrors(trial);
}

/** The role of a RoleBinding is immutable, so the operator must delete and recreate it. */
async function atAnotherRole(trial: Trial): Promise<void> {
  const integration = await create(trial);
  await integration.settled('True');
  const { admin } = trial.fixture;
  const key = { namespace: integration.namespace, name: `scim-${integration.name}` };
  const { metadata, ...binding } = await admin.get(ROLE_BINDINGS, key);
  const { labels = {}, ownerReferences = [] } = metadata;
  await admin.delete(ROLE_BINDINGS, key);
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
  const wrong = { ...binding, metadata: { ...key, labels, ownerReferences }, roleRef };
  await eventually(async () => {
    // The operator may have recreated it already.
    await admin.delete(ROLE_BINDINGS, key).catch(() => undefined);
    await admin.create(ROLE_BINDINGS, wrong, TEST_MANAGER);
  });
  await inCondition(trial, integration);
}

/** A missing event changes nothing else, so only the log reports it. */
async function inLog(trial: Trial): Promise<void> {
  await (await create(trial)).settled('True');
  await expectLine(trial, /event was not recorded/);
}

async function inLogOfSecond(trial: Trial): Promise<void> {
  const integration = await create(trial);
  await integration.settled('True');
  const key = { namespace: integration.namespace, name: `scim-${integration.name}` };
  const { admin } = trial.fixture;
  for (let round = 0; round < 2; round += 1) {
    const wrong = { automountServiceAccountToken: true };
    await admin.mergePatch(SERVICE_ACCOUNTS, key, wrong, { fieldManager: TEST_MANAGER });
    await eventually(async () =>
      expect(await admin.get(SERVICE_ACCOUNTS, key)).toMatchObject({
        automountServiceAccountToken: false,
      }),
    );
  }
  await expectLine(trial, /event was not recorded/);
}

/** Only OpenShift requires this permission. */
async function nowhere(trial: Trial): Promise<void> {
  await (await create(trial)).settled('True');
}

const SIGNS: Readonly<Record<string, (trial: Trial) => Promise<void>>> = {
  'scimintegrations get': inCondition,
  'scimintegrations list': inWatch,
  'scimintegrations watch': inWatch,
  'scimintegrations/status patch': inStatus,
  'scimintegrations/finalizers update': nowhere,
  'secrets get': inCondition,
  'secrets list': inWatch,
  'secrets watch': inWatch,
  'secrets create': inCondition,
  'secrets patch': inCondition,
  'secrets delete': atTheEnd,
  'serviceaccounts get': inCondition,
  'serviceaccounts list': inWatch,
  'serviceaccounts watch': inWatch,
  'serviceaccounts create': inCondition,
  'serviceaccounts patch': inCondition,
  'roles get': inCondition,
  'roles list': inWatch,
  'roles watch': inWatch,
  'roles create': inCondition,
  'roles patch': inCondition,
  'rolebindings get': inCondition,
  'rolebindings list': inWatch,
  'rolebindings watch': inWatch,
  'rolebindings create': inCondition,
  'rolebindings patch': inCondition,
  'rolebindings delete': atAnotherRole,
  'events create': inLog,
  'events patch': inLogOfSecond,
  'namespaces get': inCondition,
  // The operator can't grant a permission that it lacks.
  'groups delete': inCondition,
  'users update': inCondition,
  'bindings list': inCondition,
};

/** Of each rule that the operator only passes on, a single verb is tried. */
const permissions = WATCHED_NAMESPACE_RULES.filter(
  ({ apiGroups }) => !apiGroups.includes(DIRECTORY_API_GROUP),
).flatMap(({ resources, verbs }) =>
  resources.flatMap((each) => verbs.map((verb) => `${each} ${verb}`)),
);

function without(permission: string): readonly PolicyRule[] {
  const [resource = '', missing] = permission.split(' ');
  return WATCHED_NAMESPACE_RULES.map((rule) =>
    rule.resources.includes(resource)
      ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== missing) }
      : rule,
  ).filter(({ verbs }) => verbs.length > 0);
}

/** All permissions for the cluster, so that nothing else is missing. */
const clusterRules: readonly PolicyRule[] = [
  ...CLUSTER_RULES,
  ...TENANT_RULES,
  { apiGroups: [''], resources: [NAMESPACES.plural], verbs: ['list', 'watch'] },
];

describe('an operator whose Role lacks a permission', () => {
  it('is tested with each permission that it needs', () => {
    const tried = Object.keys(SIGNS);
    expect(permissions.filter((permission) => !tried.includes(permission))).toEqual([]);
    expect(new Set(tried).size).toBe(permissions.length + 3);
  });

  it.concurrent.each(Object.entries(SIGNS))(
    'reports that it lacks %s',
    async (permission, sign) => {
      const namespace = await createNamespace(adminClient(), 'lacking');
      const rules = without(permission);
      const fixture = await installedFixture((name) =>
        namespacedManifests(name, name, [namespace], { rules, clusterRules }),
      );
      try {
        const { log, lines } = captureLog();
        const operator = fixture.start({ log, watchNamespaces: [namespace] });
        const [resource = ''] = permission.split(' ');
        await sign({ fixture, namespace, resource, operator, lines });
      } finally {
        await fixture.close();
      }
    },
  );
});
