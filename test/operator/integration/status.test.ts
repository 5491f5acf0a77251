import { describe, expect, it } from 'vitest';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import { buildStatus, type Findings } from '../../../src/operator/integration/status.ts';
import { buildIntegration } from '../../support/operator/integration-objects.ts';

const NOW = new Date('2026-03-04T05:06:07.890Z');
const LATER = new Date('2026-03-04T06:00:00.000Z');
const SECRET_CONFLICT = { reason: 'SecretConflict', message: 'somebody else has it' } as const;
const OBJECT_CONFLICT = { reason: 'ObjectConflict', message: 'somebody else has that' } as const;
const STALLED = { reason: 'TenantNotAllowed', message: 'not yours' } as const;
const FAILURE = { reason: 'ReconciliationFailed', message: 'no answer' } as const;

const ISSUED = {
  kind: 'issued',
  keyId: 'abc',
  issuedAt: NOW,
  handledRotate: 'v1',
  dueAt: Number.POSITIVE_INFINITY,
} as const;
const ROTATING = { ...ISSUED, previousExpiresAt: LATER } as const;

const USES = new Map([
  ['abc', NOW.getTime()],
  ['before', NOW.getTime() - 60_000],
]);

const DONE: Findings = {
  integrationId: 'an_id',
  endpoint: 'https://scim.example.com/x',
  token: ISSUED,
  rbac: 'applied',
  activity: { users: 3, groups: 2, lastRequestAt: NOW.getTime(), tokenUses: USES },
};

function conditionsOf(
  findings: Findings,
  integration: KubeIntegration = buildIntegration(),
): Record<string, string> {
  const { conditions = [] } = buildStatus(integration, findings, NOW);
  return Object.fromEntries(
    conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );
}

const withStatus = (
  findings: Findings,
  at = NOW,
  changes: Parameters<typeof buildIntegration>[0] = {},
) => buildIntegration({ ...changes, status: buildStatus(buildIntegration(changes), findings, at) });

describe('the conditions', () => {
  it.each<[string, Findings, Record<string, string>]>([
    [
      'report that everything is done',
      DONE,
      { TokenReady: 'True TokenIssued', RBACReady: 'True RBACApplied', Ready: 'True Succeeded' },
    ],
    [
      'report that the Role is not ready yet',
      { ...DONE, rbac: 'pending' },
      {
        TokenReady: 'True TokenIssued',
        RBACReady: 'False Progressing',
        Ready: 'False Progressing',
        Reconciling: 'True Progressing',
      },
    ],
    [
      'report that the previous token also works',
      { ...DONE, token: ROTATING },
      { TokenReady: 'True Rotating', RBACReady: 'True RBACApplied', Ready: 'True Succeeded' },
    ],
    [
      'report that the token has not moved while reconciling is paused',
      { ...DONE, token: { ...ISSUED, unmoved: true } },
      {
        TokenReady: 'True TokenIssued',
        RBACReady: 'True RBACApplied',
        Ready: 'True Succeeded',
        Reconciling: 'True Progressing',
      },
    ],
    [
      'report a conflicting Secret in Ready as the reason, and that it is retried',
      { ...DONE, token: { kind: 'obstacle', obstacle: SECRET_CONFLICT, held: ROTATING } },
      {
        TokenReady: 'False SecretConflict',
        RBACReady: 'True RBACApplied',
        Ready: 'False SecretConflict',
        Reconciling: 'True ProgressingWithRetry',
      },
    ],
    [
      'report another conflicting object in Ready as the reason',
      { ...DONE, rbac: OBJECT_CONFLICT },
      {
        TokenReady: 'True TokenIssued',
        RBACReady: 'False ObjectConflict',
        Ready: 'False ObjectConflict',
        Reconciling: 'True ProgressingWithRetry',
      },
    ],
    [
      'contain Stalled and omit the steps that were not reached if a human must act',
      { stalled: STALLED },
      { Ready: 'False TenantNotAllowed', Stalled: 'True TenantNotAllowed' },
    ],
    [
      'report that a step failed and is retried',
      { ...DONE, failure: FAILURE },
      {
        TokenReady: 'True TokenIssued',
        RBACReady: 'True RBACApplied',
        Ready: 'False ReconciliationFailed',
        Reconciling: 'True ProgressingWithRetry',
      },
    ],
    [
      'report an obstacle rather than a failure',
      {
        ...DONE,
        token: { kind: 'obstacle', obstacle: SECRET_CONFLICT, held: ROTATING },
        failure: FAILURE,
      },
      {
        TokenReady: 'False SecretConflict',
        RBACReady: 'True RBACApplied',
        Ready: 'False SecretConflict',
        Reconciling: 'True ProgressingWithRetry',
      },
    ],
  ])('%s', (_, findings, expected) => {
    expect(conditionsOf(findings)).toEqual(expected);
  });

  it('are Ready with the reason Disabled for a disabled integration', () => {
    const disabled = buildIntegration({ spec: { enabled: false } });
    expect(conditionsOf(DONE, disabled)).toMatchObject({ Ready: 'True Disabled' });
  });

  it('report the obstacles of a disabled integration', () => {
    const disabled = buildIntegration({ spec: { enabled: false } });
    expect(conditionsOf({ ...DONE, rbac: OBJECT_CONFLICT }, disabled)).toMatchObject({
      Ready: 'False ObjectConflict',
    });
  });

  it('contain Reconciling and Stalled only while they are true', () => {
    const stuck = withStatus({ stalled: STALLED });
    expect(Object.keys(conditionsOf(DONE, stuck)).sort()).toEqual([
      'RBACReady',
      'Ready',
      'TokenReady',
    ]);
  });

  it('keep lastTransitionTime until their status changes', () => {
    const ready = withStatus(DONE);
    const times = (findings: Findings) =>
      buildStatus(ready, findings, LATER).conditions?.map(
        ({ type, lastTransitionTime }) => `${type} ${lastTransitionTime.slice(11, 19)}`,
      );
    expect(times(DONE)).toEqual(['TokenReady 05:06:07', 'RBACReady 05:06:07', 'Ready 05:06:07']);
    expect(times({ ...DONE, rbac: OBJECT_CONFLICT })).toEqual([
      'TokenReady 05:06:07',
      'RBACReady 06:00:00',
      'Ready 06:00:00',
      'Reconciling 06:00:00',
    ]);
  });
});

describe('the status', () => {
  it('is the same at a later time if nothing has changed', () => {
    const ready = withStatus(DONE);
    expect(buildStatus(ready, DONE, LATER)).toEqual(ready.status);
  });

  it('names the observed generation, also in every condition', () => {
    const integration = withStatus(DONE, NOW, { metadata: { generation: 7 } });
    expect(integration.status?.observedGeneration).toBe(7);
    expect(integration.status?.conditions?.map((each) => each.observedGeneration)).toEqual([
      7, 7, 7,
    ]);
  });

  it('names the created objects', () => {
    const spec = { token: { secretName: 'mine' } };
    expect(buildStatus(buildIntegration({ spec }), DONE, NOW)).toMatchObject({
      tenant: 'acme',
      integrationId: 'an_id',
      endpoint: 'https://scim.example.com/x',
      tokenSecretRef: { name: 'mine', key: 'token' },
      tokenKeyId: 'abc',
      tokenIssuedAt: '2026-03-04T05:06:07Z',
      serviceAccountRef: { name: 'scim-okta' },
      roleRef: { name: 'SCIMProvisioner' },
      roleBindingRef: { name: 'scim-okta' },
      users: 3,
      groups: 2,
      lastRequestTime: '2026-03-04T05:06:07Z',
    });
  });

  it('keeps what is known while a step fails', () => {
    const ready = withStatus(DONE);
    const { conditions: _, ...known } = ready.status ?? {};
    expect(buildStatus(ready, { failure: FAILURE }, LATER)).toMatchObject(known);
  });

  it('names the last handled rotation, and the end of the previous token while that works', () => {
    const rotating = withStatus({ ...DONE, token: ROTATING });
    expect(rotating.status).toMatchObject({
      lastHandledRotate: 'v1',
      previousTokenExpiresAt: '2026-03-04T06:00:00Z',
    });
    expect(buildStatus(rotating, DONE, LATER)).not.toHaveProperty('previousTokenExpiresAt');
    expect(buildStatus(rotating, { failure: FAILURE }, LATER)).toHaveProperty(
      'previousTokenExpiresAt',
    );
  });

  it('says when each token that works was last used', () => {
    expect(buildStatus(buildIntegration(), DONE, NOW)).toMatchObject({
      tokenLastUsedTime: '2026-03-04T05:06:07Z',
    });
    expect(buildStatus(buildIntegration(), DONE, NOW)).not.toHaveProperty(
      'previousTokenLastUsedTime',
    );
    const rotating = withStatus({ ...DONE, token: ROTATING });
    expect(rotating.status).toMatchObject({
      tokenLastUsedTime: '2026-03-04T05:06:07Z',
      previousTokenLastUsedTime: '2026-03-04T05:05:07Z',
    });
    expect(buildStatus(rotating, { failure: FAILURE }, LATER)).toMatchObject({
      previousTokenLastUsedTime: '2026-03-04T05:05:07Z',
    });
    const activity = { users: 3, groups: 2, lastRequestAt: undefined, tokenUses: new Map() };
    const unused = buildStatus(rotating, { ...DONE, token: ROTATING, activity }, LATER);
    expect(unused).not.toHaveProperty('tokenLastUsedTime');
    expect(unused).not.toHaveProperty('previousTokenLastUsedTime');
    expect(unused).toHaveProperty('previousTokenExpiresAt');
  });

  it('names the existingSecret and its key', () => {
    const spec = { token: { existingSecret: { name: 'mine', key: 'k' } } };
    expect(buildStatus(buildIntegration({ spec }), DONE, NOW).tokenSecretRef).toEqual({
      name: 'mine',
      key: 'k',
    });
  });

  it('names no token if none works any more', () => {
    const rotating = withStatus({ ...DONE, token: ROTATING });
    const token = { kind: 'obstacle', obstacle: SECRET_CONFLICT } as const;
    const ended = buildStatus(rotating, { ...DONE, token: { ...token, held: undefined } }, LATER);
    const kept = buildStatus(rotating, { ...DONE, token: { ...token, held: ROTATING } }, LATER);
    for (const field of [
      'tokenKeyId',
      'tokenIssuedAt',
      'tokenLastUsedTime',
      'previousTokenExpiresAt',
      'previousTokenLastUsedTime',
    ]) {
      expect(ended).not.toHaveProperty(field);
      expect(kept).toHaveProperty(field);
    }
    expect(ended).toMatchObject({ lastHandledRotate: 'v1' });
    const { previousExpiresAt: _, ...alone } = ROTATING;
    const over = buildStatus(rotating, { ...DONE, token: { ...token, held: alone } }, LATER);
    expect(over).not.toHaveProperty('previousTokenExpiresAt');
  });

  it('has no lastRequestTime before the first request', () => {
    const activity = { users: 0, groups: 0, lastRequestAt: undefined, tokenUses: new Map() };
    expect(buildStatus(buildIntegration(), { ...DONE, activity }, NOW)).not.toHaveProperty(
      'lastRequestTime',
    );
  });
});
