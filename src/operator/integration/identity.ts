/** The id of an integration, which is part of its endpoint. */

import { tenantOf } from '../../crd/defaults.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { REASON } from '../../crd/reasons.ts';
import type { IntegrationRecord } from '../../directory/store/integrations.ts';
import { type Secret, textOf } from '../../kube/objects.ts';
import type { Obstacle } from '../obstacle.ts';
import { isOurs } from '../ownership.ts';

/** Takes the id from the directory, the spec, the status or a restored Secret, in this order. */
export function knownId(
  integration: KubeIntegration,
  record: IntegrationRecord | undefined,
  secret: Secret | undefined,
): string | undefined {
  const restored =
    secret && isOurs(secret, integration) ? textOf(secret, 'integrationId') : undefined;
  return (
    record?.id ??
    integration.spec?.integrationId ??
    integration.status?.integrationId ??
    (restored !== undefined && /^[\w-]{21}$/.test(restored) ? restored : undefined)
  );
}

/** `holder` is the record under the id, live or ended. */
export function checkId(
  integration: KubeIntegration,
  id: string,
  holder: IntegrationRecord | undefined,
  record: IntegrationRecord | undefined,
): Obstacle | undefined {
  const pinned = integration.spec?.integrationId;
  if (pinned !== undefined && pinned !== id) {
    return {
      reason: REASON.IntegrationIdConflict,
      message:
        `spec.integrationId is ${pinned}, but this integration already has the id ${id}; change ` +
        'the field to that id or remove it',
    };
  }
  if (holder === undefined || holder.id === record?.id) return undefined;
  const live = holder.endedAt === undefined;
  if (!live && holder.tenant === tenantOf(integration)) return undefined;
  const message =
    pinned === undefined
      ? `The id ${id} in the status or the Secret belongs to another integration, perhaps in ` +
        'another cluster with the same database; delete this integration and its Secret to start ' +
        'over, or end the other one if it is gone for good'
      : `The id ${id} belongs to another integration; remove spec.integrationId or choose another`;
  return { reason: REASON.IntegrationIdConflict, message };
}
