/** What somebody has to look at in a tenant. */
import type { KubeIntegration } from '../../crd/objects.ts';
import { tenantHref } from '../hrefs.ts';
import { titleOf } from '../provisioning/read.ts';
import { stateOf } from '../provisioning/state.ts';

export interface Concern {
  readonly title: string;
  readonly detail: string;
  readonly href: string;
}

const DAY = 86_400_000;
/** A sync that runs every 40 minutes has stopped long before. */
const SILENT_MS = 7 * DAY;

export function concernsOf(
  tenant: string,
  integrations: readonly KubeIntegration[],
  now: number,
): readonly Concern[] {
  return integrations.flatMap((integration) => {
    const { namespace, name } = integration.metadata;
    const href = tenantHref(tenant, 'provisioning', namespace, name);
    const title = titleOf(integration);
    const state = stateOf(integration);
    if (state.needsAttention) return [{ title, detail: state.detail ?? state.word, href }];
    const { lastRequestTime, users = 0 } = integration.status ?? {};
    const last = Date.parse(lastRequestTime ?? '');
    if (state.word === 'Ready' && users > 0 && now - last > SILENT_MS) {
      const detail = 'Its identity provider has sent no request for a week.';
      return [{ title, detail, href }];
    }
    return [];
  });
}
