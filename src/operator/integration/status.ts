/** The only place that turns the findings of a reconcile into the status. */
import {
  childNameOf,
  isEnabled,
  isPaused,
  tenantOf,
  tokenSecretRefOf,
} from '../../crd/defaults.ts';
import type { DirectoryMark } from '../../crd/directory-mark.ts';
import { ROLE_NAME, SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { CONDITION, REASON, WHILE_TRUE } from '../../crd/reasons.ts';
import type { ScimIntegrationStatus } from '../../crd/scim-integration.ts';
import type { IntegrationActivity } from '../../directory/store/integrations.ts';
import { type KubeCondition, mergeConditions, type NewCondition } from '../../kube/conditions.ts';
import { seconds } from '../../kube/time.ts';
import { annotationConditions, contentionConditions, PAUSED, terminating } from '../conditions.ts';
import type { Obstacle } from '../obstacle.ts';
import type { TokenOutcome } from '../token/outcome.ts';

/** What the steps of a reconcile found; undefined for steps that were not reached. */
export interface Findings {
  /** The directory that the integration belongs to from now on. */
  readonly directory?: DirectoryMark;
  readonly integrationId?: string;
  readonly endpoint?: string;
  /** Somebody must act, because retrying can't help. */
  readonly stalled?: Obstacle | undefined;
  readonly token?: TokenOutcome;
  readonly rbac?: Obstacle | 'applied' | 'pending';
  readonly activity?: IntegrationActivity;
  /** Messages about what others change. */
  readonly contended?: readonly string[];
  /** A step failed and will be retried. */
  readonly failure?: Obstacle;
}

export function buildStatus(
  integration: KubeIntegration,
  findings: Findings,
  now: Date,
): ScimIntegrationStatus {
  const { token, activity, integrationId, endpoint, rbac } = findings;
  const child = { name: childNameOf(integration) };
  return {
    ...keptStatus(integration, token),
    observedGeneration: integration.metadata.generation,
    ...(findings.directory === undefined ? {} : { directory: findings.directory }),
    ...(integrationId === undefined ? {} : { integrationId, tenant: tenantOf(integration) }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...secretStatus(integration, token),
    ...tokenStatus(token),
    ...(rbac === 'applied'
      ? { serviceAccountRef: child, roleRef: { name: ROLE_NAME }, roleBindingRef: child }
      : {}),
    ...(activity === undefined ? {} : activityStatus(activity)),
    ...(activity === undefined ? {} : usesStatus(token, activity)),
    conditions: [...buildConditions(integration, findings, now)],
  };
}

/** For an integration that is being deleted, after the operator has acted on that. */
export function buildTerminatingStatus(
  integration: KubeIntegration,
  hasEnded: boolean,
  now: Date,
): ScimIntegrationStatus {
  const {
    tokenKeyId,
    tokenIssuedAt,
    tokenLastUsedTime,
    previousTokenExpiresAt,
    previousTokenLastUsedTime,
    ...rest
  } = integration.status ?? {};
  const { metadata, status } = integration;
  const ready = terminating(
    metadata,
    hasEnded ? 'its tokens are revoked' : 'its tokens will be revoked',
  );
  const noToken = { ...ready, type: CONDITION.TokenReady };
  const wanted = hasEnded ? [ready, noToken] : [ready];
  return {
    ...(hasEnded ? rest : status),
    observedGeneration: metadata.generation,
    conditions: [...mergeConditions(integration, wanted, WHILE_TRUE, now)],
  };
}

/** The part of the status that stays until a step finds something else. */
function keptStatus(
  { status = {} }: KubeIntegration,
  token: TokenOutcome | undefined,
): ScimIntegrationStatus {
  if (token === undefined) return status;
  const {
    previousTokenExpiresAt,
    previousTokenLastUsedTime,
    tokenKeyId,
    tokenIssuedAt,
    tokenLastUsedTime,
    ...withoutToken
  } = status;
  return withoutToken;
}

function secretStatus(
  integration: KubeIntegration,
  token: TokenOutcome | undefined,
): ScimIntegrationStatus {
  if (token?.kind !== 'issued' || token.unmoved) return {};
  const { name, key } = tokenSecretRefOf(integration);
  return { tokenSecretRef: { name, key } };
}

/** The token in the directory, whatever prevents the next step. */
const heldToken = (token: TokenOutcome | undefined) =>
  token?.kind === 'obstacle' ? token.held : token;

function tokenStatus(token: TokenOutcome | undefined): ScimIntegrationStatus {
  const held = heldToken(token);
  if (held === undefined) return {};
  const { keyId, issuedAt, previousExpiresAt, handledRotate } = held;
  return {
    tokenKeyId: keyId,
    tokenIssuedAt: seconds(issuedAt),
    lastHandledRotate: handledRotate,
    ...(previousExpiresAt === undefined
      ? {}
      : { previousTokenExpiresAt: seconds(previousExpiresAt) }),
  };
}

/** When the tokens that work were last used. The previous one is any but the current one. */
function usesStatus(
  token: TokenOutcome | undefined,
  { tokenUses }: IntegrationActivity,
): ScimIntegrationStatus {
  const held = heldToken(token);
  if (held === undefined) return {};
  const current = tokenUses.get(held.keyId);
  const others = [...tokenUses].filter(([keyId]) => keyId !== held.keyId).map(([, at]) => at);
  const hasPrevious = held.previousExpiresAt !== undefined && others.length > 0;
  return {
    ...(current === undefined ? {} : { tokenLastUsedTime: seconds(new Date(current)) }),
    ...(hasPrevious ? { previousTokenLastUsedTime: seconds(new Date(Math.max(...others))) } : {}),
  };
}

function activityStatus({ users, groups, lastRequestAt }: IntegrationActivity) {
  return {
    users,
    groups,
    ...(lastRequestAt === undefined ? {} : { lastRequestTime: seconds(new Date(lastRequestAt)) }),
  };
}

function buildConditions(
  integration: KubeIntegration,
  findings: Findings,
  now: Date,
): readonly KubeCondition[] {
  const wanted = [
    tokenCondition(findings),
    rbacCondition(findings),
    readyCondition(integration, findings),
    ...progressConditions(findings),
    ...contentionConditions(findings.contended),
    ...(isPaused(integration) ? [PAUSED] : []),
    ...annotationConditions(SCIM_INTEGRATIONS.kind, integration.metadata),
  ].filter((condition) => condition !== undefined);
  return mergeConditions(integration, wanted, WHILE_TRUE, now);
}

function tokenCondition({ token }: Findings): NewCondition | undefined {
  if (token === undefined) return undefined;
  const type = CONDITION.TokenReady;
  if (token.kind === 'obstacle') return { type, status: 'False', ...token.obstacle };
  const { keyId, previousExpiresAt } = token;
  const message = `The Secret contains the token ${keyId}`;
  return previousExpiresAt === undefined
    ? { type, status: 'True', reason: REASON.TokenIssued, message }
    : {
        type,
        status: 'True',
        reason: REASON.Rotating,
        message: `${message}; the previous token works until ${seconds(previousExpiresAt)}`,
      };
}

function rbacCondition({ rbac }: Findings): NewCondition | undefined {
  const type = CONDITION.RBACReady;
  if (rbac === undefined) return undefined;
  if (rbac === 'applied') {
    const message = 'ServiceAccount, Role and RoleBinding are in place';
    return { type, status: 'True', reason: REASON.RBACApplied, message };
  }
  return rbac === 'pending'
    ? {
        type,
        status: 'False',
        reason: REASON.Progressing,
        message: `Waiting for the Role ${ROLE_NAME}`,
      }
    : { type, status: 'False', ...rbac };
}

/** Returns the first obstacle, if there is one. */
function obstacleIn({ stalled, token, rbac, failure }: Findings): Obstacle | undefined {
  if (stalled !== undefined) return stalled;
  if (token?.kind === 'obstacle') return token.obstacle;
  if (typeof rbac === 'object') return rbac;
  return failure;
}

function readyCondition(integration: KubeIntegration, findings: Findings): NewCondition {
  const type = CONDITION.Ready;
  const obstacle = obstacleIn(findings);
  if (obstacle !== undefined) return { type, status: 'False', ...obstacle };
  if (findings.rbac === 'pending') {
    return {
      type,
      status: 'False',
      reason: REASON.Progressing,
      message: `Waiting for the Role ${ROLE_NAME}`,
    };
  }
  return isEnabled(integration)
    ? {
        type,
        status: 'True',
        reason: REASON.Succeeded,
        message: 'The endpoint accepts requests with the token',
      }
    : {
        type,
        status: 'True',
        reason: REASON.Disabled,
        message: 'Every request is refused, because spec.enabled is false',
      };
}

function progressConditions(findings: Findings): readonly NewCondition[] {
  const { stalled } = findings;
  if (stalled !== undefined) return [{ type: CONDITION.Stalled, status: 'True', ...stalled }];
  const obstacle = obstacleIn(findings);
  const type = CONDITION.Reconciling;
  if (obstacle !== undefined) {
    return [
      { type, status: 'True', reason: REASON.ProgressingWithRetry, message: obstacle.message },
    ];
  }
  const waiting = waitsFor(findings);
  return waiting === undefined
    ? []
    : [{ type, status: 'True', reason: REASON.Progressing, message: waiting }];
}

/** Until then, this generation is not fully reconciled, although requests may be served. */
function waitsFor({ token, rbac }: Findings): string | undefined {
  if (rbac === 'pending') return `Waiting for the Role ${ROLE_NAME}`;
  return token?.kind === 'issued' && token.unmoved
    ? 'Paused before the token was moved to the Secret that the spec names'
    : undefined;
}
