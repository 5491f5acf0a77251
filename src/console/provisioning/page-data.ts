/** What the pages of an integration are made of. */
import type { KubeIntegration } from '../../crd/objects.ts';
import type { RecentRequest } from '../../directory/store/recent-requests.ts';
import type { SetupLink } from '../../directory/store/setup-links.ts';
import type { TokenRecord } from '../../directory/store/tokens.ts';
import type { SignInSession } from '../../sso/sessions.ts';
import type { TenantVisit } from '../tenant-visit.ts';
import type { Known } from './read.ts';

export interface IntegrationTarget {
  readonly integration: KubeIntegration;
  /** The address of its page. */
  readonly href: string;
}

export interface IntegrationPage {
  readonly tenant: TenantVisit;
  readonly session: SignInSession;
  readonly integration: KubeIntegration;
  /** Undefined until the operator has recorded the integration. */
  readonly known: Known | undefined;
  readonly tokens: readonly TokenRecord[];
  readonly links: readonly SetupLink[];
  /** Undefined if the visitor may not see them. */
  readonly requests: readonly RecentRequest[] | undefined;
  /** Undefined if the visitor may not see them. */
  readonly roles: number | undefined;
  readonly mayPatch: boolean;
  readonly mayDelete: boolean;
  readonly now: number;
  readonly token: string | undefined;
}
