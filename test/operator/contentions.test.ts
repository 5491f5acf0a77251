/** Another controller changes an object whenever the operator has corrected it. */
import { describe, expect, it } from 'vitest';
import { ANNOTATION_ROTATE } from '../../src/crd/names.ts';
import type { Role } from '../../src/kube/objects.ts';
import {
  EVENTS,
  type KubeObject,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
} from '../../src/kube/resource.ts';
import { Contentions } from '../../src/operator/contentions.ts';
import { eventually } from '../support/eventually.ts';
import { TestIntegration, useOperator } from '../support/operator/fixture.ts';

describe('corrections of one object', () => {
  const desired = { metadata: { name: 'scim-idp' }, data: { a: '1' } };
  const changed = { metadata: { name: 'scim-idp' }, data: { a: '2' } };
  let now = 0;
  const correct = (contentions: Contentions, written: typeof desired = desired) =>
    contentions.note('uid', { resource: SECRETS, before: changed, desired, written });
  const isPostponed = (contentions: Contentions) =>
    contentions.postponed('uid', SECRETS, 'scim-idp') !== undefined;

  it('are made at growing intervals of up to five minutes after the first few', () => {
    const contentions = new Contentions(() => now);
    for (let n = 0; n < 5; n++) {
      correct(contentions);
      expect([isPostponed(contentions), contentions.of('uid')]).toEqual([false, []]);
    }
    const waits = [];
    for (let n = 0; n < 11; n++) {
      correct(contentions);
      const wait = contentions.nextLookMs('uid') ?? 0;
      expect(isPostponed(contentions)).toBe(true);
      now += wait;
      expect(isPostponed(contentions)).toBe(false);
      waits.push(wait / 1_000);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    expect(contentions.of('uid')).toEqual([
      'Secret scim-idp: data.a is changed repeatedly; the operator corrects it at growing intervals',
    ]);
    expect(contentions.of('another')).toEqual([]);
    now += contentions.nextLookMs('uid') ?? 0;
    expect([contentions.of('uid'), contentions.nextLookMs('uid')]).toEqual([[], undefined]);
  });

  it('are made immediately if they are rare', () => {
    const contentions = new Contentions(() => now);
    for (let n = 0; n < 50; n++) {
      correct(contentions);
      now += 20_000;
      expect(contentions.of('uid')).toEqual([]);
    }
  });

  it('are not those of an object that gets another owner each time', () => {
    const contentions = new Contentions(() => now);
    const own = (owners: number, before = owners - 1) => {
      const object = (count: number) => ({
        metadata: {
          name: 'SCIMProvisioner',
          ownerReferences: Array.from({ length: count }, (_, n) => ({
            apiVersion: 'scim-operator.dev/v1alpha1',
            kind: 'ScimIntegration',
            name: `idp-${n}`,
            uid: `uid-${n}`,
          })),
        },
      });
      const desired = object(owners);
      const correction = { resource: ROLES, before: object(before), desired, written: desired };
      contentions.note('namespace', correction);
      return contentions.of('namespace');
    };
    for (let n = 1; n <= 50; n++) expect(own(n)).toEqual([]);
    // Now something removes the owners again.
    const counts = Array.from({ length: 5 }, () => own(50, 0).length);
    expect(counts).toEqual([0, 0, 0, 0, 1]);
    expect(contentions.of('namespace')).toEqual([
      'Role SCIMProvisioner: metadata.ownerReferences is changed repeatedly; the operator corrects it at growing intervals',
    ]);
    // The next integration doesn't end the contest.
    expect(own(51)).toHaveLength(1);
  });

  it('are also those of an object that gets another owner each time, if more was changed', () => {
    const contentions = new Contentions(() => now);
    for (let n = 1; n <= 6; n++) {
      expect(contentions.of('namespace')).toEqual([]);
      const owner = { apiVersion: 'v1', kind: 'ScimIntegration', name: 'idp', uid: `uid-${n}` };
      const role = {
        metadata: { name: 'SCIMProvisioner', ownerReferences: [owner] },
        rules: [{ apiGroups: [''], resources: ['users'], verbs: ['get'] }],
      };
      const before = { metadata: { name: 'SCIMProvisioner' }, rules: [] };
      contentions.note<Role>('namespace', {
        resource: ROLES,
        before,
        desired: role,
        written: role,
      });
    }
    expect(contentions.of('namespace')).toEqual([expect.stringContaining('rules is changed')]);
  });

  it("are postponed by 30 s while the API server's answer differs from what was written", () => {
    const contentions = new Contentions(() => now);
    expect(correct(contentions, changed)).toContain('data.a is changed on every write');
    expect([isPostponed(contentions), contentions.nextLookMs('uid')]).toEqual([true, 30_000]);
    contentions.settled('uid', SECRETS, 'scim-idp');
    expect([isPostponed(contentions), contentions.of('uid')]).toEqual([false, []]);
  });
});

const fixture = useOperator({ starts: {} });

type Patch = (object: KubeObject) => object | undefined;

/** Reapplies its change within milliseconds until stopped; returns how often it had to. */
function fight(
  resource: ResourceDefinition,
  key: { namespace: string; name: string },
  patch: Patch,
): () => Promise<number> {
  let isOver = false;
  let changes = 0;
  const loop = async () => {
    while (!isOver) {
      const object = await fixture.admin.get<KubeObject>(resource, key);
      const wanted = patch(object);
      if (wanted === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      else {
        await fixture.admin.mergePatch(resource, key, wanted, { fieldManager: 'other-controller' });
        changes++;
      }
    }
    return changes;
  };
  const running = loop();
  return () => {
    isOver = true;
    return running;
  };
}

const dataIs =
  (key: string, value: string): Patch =>
  (object) =>
    (object as { data?: Record<string, string> }).data?.[key] === value
      ? undefined
      : { data: { [key]: value } };

const CASES: readonly (readonly [string, ResourceDefinition, string, Patch, string, boolean])[] = [
  [
    'the token in the Secret',
    SECRETS,
    'idp-scim-token',
    dataIs('token', 'bWluZQ=='),
    'Secret idp-scim-token: data.token is changed repeatedly, last by other-controller',
    false,
  ],
  [
    'the endpoint in the Secret',
    SECRETS,
    'idp-scim-token',
    dataIs('endpoint', 'bWluZQ=='),
    'Secret idp-scim-token: data.endpoint is changed repeatedly, last by other-controller',
    true,
  ],
  [
    'the subjects of the RoleBinding',
    ROLE_BINDINGS,
    'scim-idp',
    (object) => ('subjects' in object ? { subjects: null } : undefined),
    'RoleBinding scim-idp: subjects is changed repeatedly',
    false,
  ],
  [
    'the rules of the Role',
    ROLES,
    'SCIMProvisioner',
    (object) => ('rules' in object && object.rules ? { rules: null } : undefined),
    'Role SCIMProvisioner: rules is changed repeatedly',
    false,
  ],
];

interface Event extends KubeObject {
  readonly reason: string;
}

describe('while another controller keeps changing', () => {
  it.concurrent.each(CASES)(
    '%s, the status reports it and corrections become rare, until it stops',
    async (_, resource, name, patch, message, isReady) => {
      const integration = await TestIntegration.create(fixture);
      await integration.settled('True', 'Succeeded');
      const key = { namespace: integration.namespace, name };
      const stop = fight(resource, key, patch);
      await eventually(async () => {
        expect(await integration.condition('Contended')).toMatchObject({
          status: 'True',
          reason: 'ChangedByOthers',
          message: expect.stringContaining(message),
        });
        if (!isReady)
          expect((await integration.condition('Ready'))?.reason).toBe('ChangedByOthers');
      });
      expect(await stop()).toBeLessThan(15);
      await integration.settled('True', 'Succeeded');
      await eventually(async () =>
        expect(await integration.condition('Contended')).toBeUndefined(),
      );
      expect(patch(await fixture.admin.get<KubeObject>(resource, key))).toBeDefined();
      if (name === 'idp-scim-token')
        expect(await integration.authenticate(await integration.token())).toBeDefined();
      const { items } = await fixture.admin.list<Event>(EVENTS, {
        namespace: integration.namespace,
      });
      const about = (items ?? []).filter(({ reason }) => reason === 'Contended');
      expect(about).toHaveLength(1);
      expect((items ?? []).length).toBeLessThan(25);
    },
    120_000,
  );
});

describe('when a token is rotated many times in quick succession', () => {
  it('nothing is contended, and each rotation is made', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True', 'Succeeded');
    const tokens = new Set([await integration.token()]);
    for (let n = 0; n < 10; n++) {
      await integration.patch({ metadata: { annotations: { [ANNOTATION_ROTATE]: `${n}` } } });
      await eventually(async () => expect(tokens).not.toContain(await integration.token()));
      tokens.add(await integration.token());
    }
    await integration.settled('True', 'Succeeded');
    expect(await integration.condition('Contended')).toBeUndefined();
    const { items } = await fixture.admin.list<Event>(EVENTS, { namespace: integration.namespace });
    expect((items ?? []).filter(({ reason }) => reason === 'Contended')).toEqual([]);
  });
});

describe('when integrations are created in a namespace one after the other', () => {
  it('their Role is not contended, and the others are left alone', async () => {
    const first = await TestIntegration.create(fixture, {}, 'first');
    const { status } = await first.settled('True', 'Succeeded');
    for (let n = 0; n < 10; n++) {
      const next = await TestIntegration.createIn(fixture, first.namespace, {}, `next-${n}`);
      await next.settled('True', 'Succeeded');
    }
    expect((await first.get()).status).toEqual(status);
    const { items } = await fixture.admin.list<Event>(EVENTS, { namespace: first.namespace });
    expect((items ?? []).filter(({ reason }) => reason === 'Contended')).toEqual([]);
  });
});
