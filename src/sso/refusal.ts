/** Why somebody was not signed in, in words for the person who tried. */
import type { ConfiguredProvider } from './config/file.ts';
import type { ProviderFailure } from './provider-error.ts';

/** The value of `reason` in the log, in metrics and in the directory's activity. */
export type RefusalReason =
  | ProviderFailure
  /** The attempt is unknown to this browser, is over, or was used. */
  | 'attempt'
  | 'unknownProvider'
  /** No tenant can have the name. Says nothing about which tenants exist. */
  | 'unknownTenant'
  /** Sign-in needs https. */
  | 'insecure'
  | 'claimMissing'
  | 'emailNotVerified'
  /** Also if the tenant isn't the provider's, so that nobody learns which tenants exist. */
  | 'notProvisioned'
  | 'inactive'
  | 'ambiguous'
  /** The user is bound to another account of a provider. */
  | 'otherSubject'
  /** The account is bound to another user of the tenant. */
  | 'otherAccess'
  /** The user lacks the attribute of `--username-from`. */
  | 'unnamed'
  /** The user signs in too often. */
  | 'tooOften'
  | 'tokenRefused'
  /** The API server did not check the token. */
  | 'noReview';

export interface Refusal {
  readonly reason: RefusalReason;
  readonly status: 400 | 403 | 404 | 429 | 503;
  /** What happened, and what to do. */
  readonly message: string;
  /** The account that was tried, as the provider names it. Unknown before the provider has. */
  readonly account: string | undefined;
  readonly tenant: string | undefined;
  /**
   * The address that begins the sign-in again, so that the provider asks for an account instead of
   * using the one that was refused.
   */
  readonly again: string | undefined;
}

/** What is known about the sign-in that was refused. */
interface RefusedSignIn {
  readonly account?: string;
  readonly tenant?: string | undefined;
  readonly again?: string;
}

type Named = Pick<ConfiguredProvider, 'displayName' | 'match'>;

const WORDS: Readonly<
  Record<RefusalReason, (provider: Named, account: string, place: string) => string>
> = {
  attempt: () =>
    'This sign-in has expired, is already complete, or was started in another browser. Start again.',
  unknownProvider: () => 'There is no such identity provider. Go back to the sign-in page.',
  unknownTenant: () => 'There is no such tenant. Go back to the sign-in page.',
  insecure: () =>
    'Sign-in needs an https address. Ask the administrator of scim-operator to change --public-url.',
  unreachable: ({ displayName }) =>
    `${displayName} can't be reached. Try again in a minute. If it doesn't help, ask the ` +
    'administrator of scim-operator, whose log has the reason.',
  unusable: ({ displayName }) =>
    `The sign-in with ${displayName} isn't set up correctly. Ask the administrator of ` +
    'scim-operator, whose log has the reason.',
  denied: ({ displayName }) =>
    `${displayName} did not sign you in. Try again, or ask the administrator of ${displayName} ` +
    'whether you may use this application.',
  invalid: ({ displayName }) =>
    `The response of ${displayName} is not valid. Start again. If it doesn't help, ask the ` +
    'administrator of scim-operator, whose log has the reason.',
  busy: () => 'Too many users are signing in. Try again in a few seconds.',
  tooOften: () => 'You have signed in too often. Try again in a minute.',
  claimMissing: ({ displayName, match: { claim } }) =>
    `${displayName} did not send the claim ${claim}, which identifies you. Ask the administrator ` +
    `of ${displayName} to add it to the ID token.`,
  emailNotVerified: ({ displayName }, account) =>
    `${displayName} does not confirm that ${account} is your e-mail address. Ask the ` +
    `administrator of ${displayName} to verify it.`,
  notProvisioned: ({ displayName }, account, place) =>
    `${account} is not provisioned${place}. Ask the administrator of ${displayName} to assign this ` +
    'account to the application that provisions users here, or sign in with another account.',
  inactive: ({ displayName }, account, place) =>
    `${account} is deactivated${place}. Ask the administrator of ${displayName} to activate it.`,
  ambiguous: ({ match: { attribute } }, account, place) =>
    `${account} matches more than one user${place}. Ask the administrator of scim-operator to ` +
    `give each of them a different ${attribute}.`,
  otherSubject: (_, account, place) =>
    `The user that ${account} matches${place} is bound to another account. Ask the administrator ` +
    'of the console to unbind that account.',
  otherAccess: (_, account, place) =>
    `${account} is bound to another user${place}. Ask the administrator of the console to unbind ` +
    'the account from that user.',
  unnamed: (_, account, place) =>
    `The user of ${account}${place} lacks the attribute that names it in Kubernetes. Ask the ` +
    'administrator of scim-operator, who chose it with --username-from.',
  tokenRefused: () =>
    'The token is not valid here. Create one with kubectl create token NAME --audience ' +
    'scim-operator.',
  noReview: () =>
    'The token could not be checked. Try again in a minute. If it does not help, ask the ' +
    'administrator of scim-operator, whose log has the reason.',
};

const STATUS: Readonly<Partial<Record<RefusalReason, Refusal['status']>>> = {
  attempt: 400,
  invalid: 400,
  unknownProvider: 404,
  unknownTenant: 404,
  busy: 429,
  tooOften: 429,
  unreachable: 503,
  unusable: 503,
  insecure: 503,
  noReview: 503,
};

const NOBODY: Named = { displayName: '', match: { claim: '', attribute: 'userName' } };

export function refusalOf(
  reason: RefusalReason,
  provider: Named = NOBODY,
  { account, tenant, again }: RefusedSignIn = {},
): Refusal {
  const place = tenant === undefined ? '' : ` in ${tenant}`;
  const message = WORDS[reason](provider, account ?? 'Your account', place);
  return { reason, status: STATUS[reason] ?? 403, message, account, tenant, again };
}
