/**
 * Conditions that don't depend on the spec, and the same conditions as metrics: paused, an
 * annotation without effect, a deletion that waits.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { parseExposition } from '../../hack/process/exposition.ts';
import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS, SCIM_TENANTS } from '../../src/crd/names.ts';
import type { KubeCondition } from '../../src/kube/conditions.ts';
import type { KubeObject, ObjectKey, ResourceDefinition } from '../../src/kube/resource.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { printed } from '../crd/raw-call.ts';
import { eventually } from '../support/eventually.ts';
import { createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';
import { TestIntegration, unique, useOperator } from '../support/operator/fixture.ts';
import { BINDING_RULES, FOLLOWING, TestGroupBinding } from '../support/operator/group-bindings.ts';
import { changeTenant, createTenant } from '../support/operator/tenants.ts';

const fixture = useOperator({ rules: BINDING_RULES });
let operator: Operator & { readonly registry: { metrics(): Promise<string> } };
beforeAll(() => {
  operator = fixture.start(FOLLOWING);
});

type Kind = readonly [ResourceDefinition, ObjectKey];
type Conditions = Readonly<Record<string, KubeCondition>>;

async function conditionsOf([resource, key]: Kind): Promise<Conditions> {
  type WithStatus = KubeObject & { status?: { conditions?: readonly KubeCondition[] } };
  const { status } = await fixture.admin.get<WithStatus>(resource, key);
  return Object.fromEntries((status?.conditions ?? []).map((each) => [each.type, each]));
}

/** Maps conditions to their status, according to the metrics. */
async function seriesOf([resource, { namespace = '', name }]: Kind) {
  const samples = parseExposition(await operator.registry.metrics()).filter(
    ({ name: metric, labels }) =>
      metric === 'scim_operator_resource_condition' &&
      labels.kind === resource.kind &&
      labels.resource_namespace === namespace &&
      labels.resource_name === name,
  );
  expect(samples.filter(({ value }) => value !== 1)).toEqual([]);
  return Object.fromEntries(samples.map(({ labels }) => [labels.condition, labels.status]));
}

const annotate = ([resource, key]: Kind, annotations: Record<string, string | null>) =>
  fixture.admin.mergePatch(
    resource,
    key,
    { metadata: { annotations } },
    { fieldManager: TEST_MANAGER },
  );

async function integration(): Promise<Kind> {
  const created = await TestIntegration.create(fixture);
  await created.settled('True', 'Succeeded');
  return [SCIM_INTEGRATIONS, created.key];
}

async function tenant(): Promise<Kind> {
  const name = await createTenant(fixture.admin, { selector: {} }, unique('tenant'));
  return [SCIM_TENANTS, { name }];
}

async function groupBinding(): Promise<Kind> {
  const created = await TestGroupBinding.create(fixture.admin);
  return [SCIM_GROUP_BINDINGS, created.key];
}

const KINDS = [
  ['ScimIntegration', integration],
  ['ScimTenant', tenant],
  ['ScimGroupBinding', groupBinding],
] as const;

describe('a paused ScimIntegration', () => {
  it('has a condition, a column and a metric that say so until it is resumed', async () => {
    const one = await integration();
    await annotate(one, { 'scim-operator.dev/reconcile': 'disabled' });
    await eventually(async () =>
      expect((await conditionsOf(one)).Paused).toMatchObject({
        status: 'True',
        reason: 'ReconcileDisabled',
      }),
    );
    expect(await printed(...one)).toMatchObject({ Ready: 'True', Paused: 'True' });
    await eventually(async () => expect(await seriesOf(one)).toMatchObject({ Paused: 'True' }));

    await annotate(one, { 'scim-operator.dev/reconcile': 'enabled' });
    await eventually(async () => expect(await conditionsOf(one)).not.toHaveProperty('Paused'));
    await eventually(async () =>
      expect(await seriesOf(one)).toEqual({ Ready: 'True', TokenReady: 'True', RBACReady: 'True' }),
    );
    expect(await conditionsOf(one)).not.toHaveProperty('InvalidAnnotation');
  });
});

describe('an annotation without effect', () => {
  it.each(['Disabled', 'true', 'false', ''])('is reported if reconcile is "%s"', async (value) => {
    const one = await integration();
    await annotate(one, { 'scim-operator.dev/reconcile': value });
    await eventually(async () =>
      expect((await conditionsOf(one)).InvalidAnnotation).toMatchObject({
        status: 'True',
        message: `scim-operator.dev/reconcile is "${value}" and has no effect; set it to disabled or enabled`,
      }),
    );
    expect(await conditionsOf(one)).not.toHaveProperty('Paused');
    expect(await printed(...one)).toMatchObject({ Ready: 'True' });
  });

  it.each(KINDS)('is reported if a %s has no such annotation', async (kind, create) => {
    const one = await create();
    await annotate(one, { 'scim-operator.dev/paused': 'true', 'example.com/paused': 'true' });
    await eventually(async () =>
      expect((await conditionsOf(one)).InvalidAnnotation).toMatchObject({
        status: 'True',
        reason: 'UnknownAnnotation',
        message: `scim-operator.dev/paused is not an annotation of a ${kind} and has no effect`,
      }),
    );
    await annotate(one, { 'scim-operator.dev/paused': null });
    await eventually(async () =>
      expect(await conditionsOf(one)).not.toHaveProperty('InvalidAnnotation'),
    );
  });
});

describe('an object that is being deleted', () => {
  it.each(KINDS)(
    'is not ready, names what it waits for, and has no metrics afterwards (%s)',
    async (_, create) => {
      const one = await create();
      const [resource, key] = one;
      const hold = (finalizers: readonly string[]) =>
        fixture.admin.mergePatch(
          resource,
          key,
          { metadata: { finalizers } },
          { fieldManager: TEST_MANAGER },
        );
      await hold(['example.com/backup']);
      await fixture.admin.delete(resource, key);
      await eventually(async () =>
        expect((await conditionsOf(one)).Ready).toMatchObject({
          status: 'False',
          reason: 'Terminating',
          message: expect.stringContaining('held by example.com/backup'),
        }),
      );
      await eventually(async () => expect(await seriesOf(one)).toMatchObject({ Ready: 'False' }));
      await hold([]);
      await eventually(async () => expect(await seriesOf(one)).toEqual({}));
    },
  );
});

describe('a ScimTenant that selects no namespace', () => {
  const readyIs = (name: string, reason: string) =>
    eventually(async () =>
      expect((await conditionsOf([SCIM_TENANTS, { name }])).Ready).toMatchObject({
        status: 'True',
        reason,
      }),
    );

  it('says so until a namespace exists that it names or selects', async () => {
    const team = unique('team');
    const name = await createTenant(fixture.admin, {});
    await readyIs(name, 'NobodySelected');
    expect(await printed(SCIM_TENANTS, { name })).toMatchObject({ Reason: 'NobodySelected' });
    await changeTenant(fixture.admin, name, { selector: { matchLabels: { team } } });
    await readyIs(name, 'NobodySelected');
    await createNamespace(fixture.admin, 'tenant', { team });
    await readyIs(name, 'Succeeded');
    await changeTenant(fixture.admin, name, { names: [team], selector: null as never });
    await readyIs(name, 'NobodySelected');
  });
});
