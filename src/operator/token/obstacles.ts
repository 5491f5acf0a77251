/** What can stand in the way of a token, in words for users. */
import { secretNameOf, tokenSecretRefOf } from '../../crd/defaults.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { REASON } from '../../crd/reasons.ts';
import { isRefused } from '../../kube/errors.ts';
import type { Secret } from '../../kube/objects.ts';
import { type Obstacle, obstacleFrom } from '../obstacle.ts';

export const FOREIGN_TOKEN: Obstacle = {
  reason: REASON.InvalidToken,
  message:
    'The token in the Secret belongs to another integration; delete the Secret to get a new token',
};

export const NO_TOKEN: Obstacle = {
  reason: REASON.SecretMissing,
  message:
    'There is no token, and none is generated while the integration is paused or not allowed in ' +
    'its tenant',
};

export const changedByOthers = (message: string): Obstacle => ({
  reason: REASON.ChangedByOthers,
  message,
});

/**
 * If several integrations name one Secret, the first keeps its token. `holder` is its name if it is
 * in the same namespace.
 */
export function foreignExistingToken(
  integration: KubeIntegration,
  holder: string | undefined,
): Obstacle {
  const { name } = tokenSecretRefOf(integration);
  const whose = holder === undefined ? 'another integration' : `ScimIntegration ${holder}`;
  return {
    reason: REASON.InvalidToken,
    message:
      `The token in Secret ${name} belongs to ${whose}; create another Secret with a ` +
      'different token, and name it in spec.token.existingSecret',
  };
}

/** The remedy that keeps the token comes first. */
export function immutableSecret({ metadata }: Secret, { message }: Error): Obstacle {
  return {
    reason: REASON.SecretConflict,
    message:
      `Secret ${metadata.name} is immutable; set spec.token.secretName to another name to move ` +
      `the token to a new Secret, or delete this Secret to get a new token: ${message}`,
  };
}

/** TokenReady reports it, because the previous token is revoked. */
export function notWritten(integration: KubeIntegration, error: unknown): Obstacle {
  if (!isRefused(error)) return obstacleFrom(error);
  const name = secretNameOf(integration);
  return {
    reason: REASON.SecretMissing,
    message: `Rejected by ${error.refusedBy}: the Secret ${name} with a new token could not be written`,
  };
}
