/** Sends SCIM requests to an integration, with the token that is in its Secret now. */
import { secretNameOf } from '../../src/crd/defaults.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import { type Secret, textOf } from '../../src/kube/objects.ts';
import { SECRETS } from '../../src/kube/resource.ts';
import type { World } from './world.ts';

const DEADLINE_MS = 10_000;

export interface ScimAnswer {
  readonly status: number;
  readonly resources: readonly { readonly id: string; readonly active?: boolean }[];
}

/** Accepts every status, because the integration may be disabled or new. */
export async function sendScim(
  { admin, operator }: World,
  integration: KubeIntegration,
  method: string,
  path: string,
  body?: object,
): Promise<ScimAnswer> {
  const { namespace } = integration.metadata;
  const secret = await admin.get<Secret>(SECRETS, { namespace, name: secretNameOf(integration) });
  const { pathname } = new URL(integration.status?.endpoint ?? 'http://localhost/none');
  const answer = await fetch(`${operator.publicUrl}${pathname}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${textOf(secret, 'token')}`,
      'content-type': 'application/scim+json',
    },
    signal: AbortSignal.timeout(DEADLINE_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const { Resources = [] } = text === '' ? {} : (JSON.parse(text) as { Resources?: [] });
  return { status: answer.status, resources: Resources };
}
