/** The guide for moving from group-sync-operator, step by step on a real API server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../hack/control-plane/start.ts';
import { serviceAccountKubeconfig } from '../../hack/operator/install.ts';
import type { Client } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/connection.ts';
import { Checkout, missingPrograms } from '../support/docs/checkout.ts';
import { blocksOf, PAGES } from '../support/docs/pages.ts';
import { shellBlocks } from '../support/docs/scripts.ts';
import { eventually } from '../support/eventually.ts';
import { AnyObjects } from '../support/kube/any-objects.ts';
import { adminClient } from '../support/kube/cluster.ts';
import { mayDoOnOpenShift, OPENSHIFT_CRDS, syncedGroup } from '../support/kube/openshift.ts';

const PAGE = 'docs/guides/migrate-from-group-sync-operator.md';
const BUILD_MS = 15 * 60_000;
const [page = { path: PAGE, text: '' }] = PAGES.filter(({ path }) => path === PAGE);
const [values = '', tenant = '', binding = ''] = blocksOf(page)
  .filter(({ language }) => language === 'yaml')
  .map(({ code }) => code);
const [takeStock = '', label = '', compareGroups = '', deleteGroups = ''] = shellBlocks(PAGE);
// Unlike OpenShift, a CRD allows only lower-case names.
const compare = compareGroups.replace('group Engineering', 'group engineering');
const [, canI = ''] = /`(kubectl auth can-i [^`]+)`/.exec(page.text) ?? [];

const MEMBERS = ['ada@acme.example', 'grace@acme.example'];
const OTHER = 'eve@acme.example';
const EDIT = { namespace: 'shop', verb: 'create', group: 'apps', resource: 'deployments' };
const ELSEWHERE = { ...EDIT, namespace: 'default' };
const RIGHTS = [
  ...MEMBERS.flatMap((user) => [
    { user, action: EDIT, allowed: true },
    { user, action: ELSEWHERE, allowed: false },
  ]),
  { user: OTHER, action: EDIT, allowed: false },
];

const ROLE_BINDING = `kubectl --namespace shop create rolebinding engineering --clusterrole=edit --group=engineering`;
const missing = missingPrograms();
const why = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} not found)`;

describe.skipIf(missing.length > 0)(`moving from group-sync-operator${why}`, () => {
  let controlPlane: ControlPlane;
  let admin: Client;
  let checkout: Checkout;
  let step = 'before';
  let over = false;
  let watched: Promise<void>;
  let checks = 0;
  const changed: string[] = [];

  /** Asks for the permissions all the time. The pause leaves the API server to the steps. */
  async function watch(): Promise<void> {
    while (!over) {
      for (const { user, action, allowed } of RIGHTS) {
        const may = await mayDoOnOpenShift(admin, user, action);
        if (may !== allowed) changed.push(`${step}: ${user} in ${action.namespace}: ${may}`);
        checks += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  beforeAll(async () => {
    controlPlane = await startControlPlane({ controllerManager: true, log: () => undefined });
    admin = adminClient(controlPlane.kubeconfig);
    const { kubeconfig } = controlPlane;
    checkout = await Checkout.create({ KUBECONFIG: kubeconfig });
    const objects = new AnyObjects(kubeconfig, 'default');
    await objects.apply(OPENSHIFT_CRDS.join('\n---\n'));
    const groups = [syncedGroup('engineering', MEMBERS), syncedGroup('support', [OTHER])];
    await eventually(() => objects.apply(groups.join('\n---\n')));
    await objects.close();
    await checkout.run(`kubectl create namespace shop\n${ROLE_BINDING}
kubectl create clusterrolebinding support --clusterrole=view --group=support`);
    // The controller manager aggregates the role edit after a moment.
    await eventually(async () =>
      expect(await mayDoOnOpenShift(admin, MEMBERS[0] ?? '', EDIT)).toBe(true),
    );
    watched = watch();
  }, BUILD_MS);
  afterAll(async () => {
    over = true;
    await watched;
    await checkout?.remove();
    await controlPlane?.stop();
  });

  /** Rejects if a permission changed, and only after everything was asked for once more. */
  async function unchanged(): Promise<void> {
    const since = checks;
    await eventually(() => expect(checks).toBeGreaterThan(since + 2 * RIGHTS.length));
    expect(changed).toEqual([]);
  }

  it('begins with a list of the groups and bindings', async () => {
    step = 'take stock';
    const output = await checkout.run(takeStock);
    expect(output).toMatch(/^engineering\b/m);
    expect(output).toMatch(/^shop\tengineering\tClusterRole\tedit\tengineering$/m);
    expect(output).toMatch(/^support\tview\tsupport$/m);
  });

  it('runs scim-operator with the values of the guide', async () => {
    step = 'install';
    const file = checkout.write('values.yaml', values);
    await checkout.run(`helm install scim-operator charts/scim-operator --values ${file} \
      --namespace scim-operator --create-namespace`);
    const data = await checkout.run(
      `kubectl --namespace scim-operator get configmap scim-operator --output json | jq .data`,
    );
    const { SCIM_OPERATOR_GROUP_BINDINGS: on, SCIM_OPERATOR_USERNAME_PREFIX: prefix } =
      JSON.parse(data);
    const config = loadKubeConfig(controlPlane.kubeconfig);
    const own = await serviceAccountKubeconfig(admin, config, 'scim-operator', 'scim-operator');
    await checkout.startOperator([
      `--kubeconfig=${checkout.write('own.kubeconfig', own)}`,
      `--group-bindings=${on}`,
      `--username-prefix=${prefix}`,
    ]);
    await unchanged();
  });

  it('connects the identity provider in the namespace that the tenant allows', async () => {
    step = 'connect';
    checkout.write('tenant.yaml', tenant);
    await checkout.run(`kubectl create namespace company-identity
kubectl apply -f tenant.yaml
${label}
kubectl apply -f - <<END
apiVersion: scim-operator.dev/v1alpha1
kind: ScimIntegration
metadata: {name: entra, namespace: company-identity}
spec: {tenant: company, identityProvider: EntraID}
END
kubectl --namespace company-identity wait scimint/entra --for condition=Ready
until_accepted entra company-identity
ADA=$(create_user ${MEMBERS[0]})
GRACE=$(create_user ${MEMBERS[1]})
create_user ${OTHER}
create_group Engineering "$ADA" "$GRACE"`);
    await unchanged();
  });

  it('grants the same members the role beside the RoleBinding', async () => {
    step = 'bind';
    checkout.write('binding.yaml', binding);
    await checkout.run(`kubectl apply -f binding.yaml
kubectl --namespace shop wait scimgb/engineering-edit --for condition=Ready`);
    await unchanged();
    await eventually(async () => expect(await checkout.run(compare)).toMatch(/^equal$/m));
  });

  it('switches over', async () => {
    step = 'switch over';
    await checkout.run('kubectl --namespace shop delete rolebinding engineering');
    expect(await checkout.run(canI)).toBe('yes\n');
    await unchanged();
  });

  it('goes back, and switches over again', async () => {
    step = 'go back';
    await checkout.run(`${ROLE_BINDING}\nkubectl --namespace shop delete scimgb engineering-edit`);
    await unchanged();
    step = 'switch over again';
    await checkout.run(`kubectl apply -f binding.yaml
kubectl --namespace shop wait scimgb/engineering-edit --for condition=Ready`);
    await eventually(async () => expect(await checkout.run(compare)).toMatch(/^equal$/m));
    await checkout.run('kubectl --namespace shop delete rolebinding engineering');
    await unchanged();
  });

  it('ends without the synchronised groups', async () => {
    step = 'delete the groups';
    await checkout.run(deleteGroups);
    expect(await checkout.run('oc get groups --output name')).toBe('');
    await unchanged();
  });
});
