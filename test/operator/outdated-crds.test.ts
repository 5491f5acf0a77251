import { afterAll, describe, expect, it } from 'vitest';
import { scimIntegrationCrd } from '../../src/crd/manifest.ts';
import { SCIM_INTEGRATIONS, SCIM_TENANTS } from '../../src/crd/names.ts';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../../src/kube/resource.ts';
import { type CrdSchema, type Definition, lackingIn } from '../../src/operator/outdated-crds.ts';
import { captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { applyCrd, applyCrds } from '../support/kube/cluster.ts';
import { TestIntegration, useOperator } from '../support/operator/fixture.ts';
import { createTenant, doorOf, integrationIn } from '../support/operator/tenants.ts';
import { TestTokens } from '../support/operator/test-tokens.ts';

const CRD = { name: `${SCIM_INTEGRATIONS.plural}.${SCIM_INTEGRATIONS.group}` };

const fixture = useOperator();
afterAll(() => applyCrds(fixture.admin));

describe('a CRD that is older than the operator', () => {
  it('is reported in the log, a metric and the readiness probe until the new CRDs are applied', async () => {
    const { log, lines } = captureLog();
    // Lacks a field of this version and has one that this version lacks.
    const built = JSON.stringify(scimIntegrationCrd());
    const older = JSON.parse(built.replace('"lastHandledRotate"', '"handledRotate"'));
    await applyCrd(fixture.admin, older);
    const { stop, unready, registry } = fixture.start({ log });
    const gauge = async () => (await registry.metrics()).match(/outdated_crds\{.*\} \d/g);
    const reason =
      'the CRD scimintegrations.scim-operator.dev is older than the operator and lacks status.lastHandledRotate; apply the CRDs that "scim-operator crds" of this version prints';
    await eventually(() => expect(unready()).toBe(reason));
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', msg: reason }));
    expect(await gauge()).toContain(`outdated_crds{crd="${CRD.name}"} 1`);

    await applyCrds(fixture.admin);
    await eventually(() => expect(unready()).toBeUndefined());
    expect(await gauge()).toContain(`outdated_crds{crd="${CRD.name}"} 0`);
    await stop();
  });

  const rules = (rule: string) => ({ 'x-kubernetes-validations': [{ rule }] });
  const wanted: CrdSchema = {
    ...rules('true'),
    properties: { spec: { properties: { kind: { enum: ['a', 'b'] } } }, list: { items: {} } },
  };
  it.each<[string, CrdSchema, readonly string[]]>([
    ['equal CRD', wanted, []],
    ['CRD with another field', { ...wanted, properties: { ...wanted.properties, more: {} } }, []],
    ['CRD that lacks a field', { ...wanted, properties: { list: { items: {} } } }, ['spec']],
    ['CRD with another rule', { ...wanted, ...rules('false') }, ['a rule on the whole object']],
    [
      'CRD that lacks a value',
      {
        ...wanted,
        properties: { ...wanted.properties, spec: { properties: { kind: { enum: ['a'] } } } },
      },
      ['a value of spec.kind'],
    ],
    ['CRD without a schema', {}, ['a rule on the whole object', 'spec', 'list']],
  ])('is detected by what it lacks: %s', (_, installed, lacks) => {
    const of = (openAPIV3Schema: CrdSchema): Definition => ({
      metadata: { name: 'crd' },
      spec: { versions: [{ name: 'v1alpha1', schema: { openAPIV3Schema } }] },
    });
    expect(lackingIn(of(installed), of(wanted))).toEqual(lacks);
  });
});

describe('removing the CRD of ScimIntegrations', () => {
  it('ends no integration, and recreated integrations keep their endpoint and token until deleted', async () => {
    const { log, lines } = captureLog();
    const told = (doubt: RegExp) =>
      eventually(() =>
        expect(lines.map((line) => line.doubt)).toContainEqual(expect.stringMatching(doubt)),
      );
    const operator = fixture.start({ log, sweepIntervalMs: 200 });
    const integration = await TestIntegration.create(fixture);
    const existingSecret = { name: 'mine', key: 'key' };
    const second = await TestIntegration.create(fixture, { token: { existingSecret } });
    const mine = `kept-by-the-platform-team/${second.namespace}`;
    await new TestTokens(fixture, second).keepSecret('mine', mine);
    const secondBefore = await second.settled('True', 'Succeeded');
    const before = await integration.settled('True', 'Succeeded');
    const issued = Date.now();
    const token = await integration.token();
    expect(await integration.authenticate(token)).toBeDefined();
    expect(await second.authenticate(mine)).toBeDefined();

    await fixture.admin.delete(CUSTOM_RESOURCE_DEFINITIONS, CRD);
    await told(/CRD is (missing|being deleted)/);
    await eventually(() =>
      expect(fixture.admin.get(CUSTOM_RESOURCE_DEFINITIONS, CRD)).rejects.toThrow(/404/),
    );
    // A creationTimestamp has whole seconds, and the new CRD must be younger than both tokens.
    await eventually(() => expect(Math.floor(Date.now() / 1_000) * 1_000).toBeGreaterThan(issued));
    await applyCrd(fixture.admin);
    await told(/CRD is newer/);
    expect(await integration.authenticate(token)).toBeDefined();
    expect(await second.authenticate(mine)).toBeDefined();
    expect(await integration.token()).toBe(token);

    await integration.apply();
    const after = await eventually(() => integration.settled('True', 'Succeeded'));
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect(after.status?.endpoint).toBe(before.status?.endpoint);
    expect(await integration.token()).toBe(token);
    expect(await integration.authenticate(token)).toBeDefined();
    await second.apply({ token: { existingSecret } });
    const secondAfter = await eventually(() => second.settled('True', 'Succeeded'));
    expect(secondAfter.status?.endpoint).toBe(secondBefore.status?.endpoint);
    expect(await second.authenticate(mine)).toBeDefined();

    await integration.delete();
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await eventually(() => expect(integration.secret()).rejects.toThrow(/404/));
    await second.delete();
    await eventually(async () => expect(await second.authenticate(mine)).toBeUndefined());
    await operator.stop();
  });
});

describe('removing the CRD of ScimTenants', () => {
  it('revokes the rights in the tenants that they governed, until they are recreated', async () => {
    const name = `${SCIM_TENANTS.plural}.${SCIM_TENANTS.group}`;
    const tenant = await createTenant(fixture.admin, { selector: {} });
    const integration = await integrationIn(fixture, tenant);
    const { stop } = fixture.start();
    const door = await doorOf(fixture, integration);
    await fixture.admin.delete(CUSTOM_RESOURCE_DEFINITIONS, { name });
    await door.becomes('not allowed');
    await integration.settled('False', 'TenantNotAllowed');
    await eventually(() =>
      expect(fixture.admin.get(CUSTOM_RESOURCE_DEFINITIONS, { name })).rejects.toThrow(/404/),
    );
    expect(await integration.token()).toBe(door.token);

    await applyCrds(fixture.admin);
    await createTenant(fixture.admin, { selector: {} }, tenant);
    await eventually(() => integration.settled('True', 'Succeeded'));
    expect(await door.answer()).toBe('open');
    expect(await doorOf(fixture, integration)).toMatchObject({ id: door.id, token: door.token });
    await stop();
  });
});
