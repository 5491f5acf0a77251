/** Finds the provisioned user who signed in. */
import type { IdentityStore } from '../directory/store/identities.ts';
import type { PeopleStore, PersonMatch } from '../directory/store/people.ts';
import { ScimError } from '../scim/error.ts';
import type { ConfiguredProvider } from './config/file.ts';
import type { SignedInAccount } from './provider.ts';
import type { RefusalReason } from './refusal.ts';

/** A user of a tenant. */
export interface FoundPerson {
  readonly tenant: string;
  readonly person: PersonMatch;
}

/** Nobody, exactly one user, or users of several tenants. */
type Found =
  | { readonly reason: RefusalReason; readonly tenant: string | undefined }
  | { readonly one: FoundPerson }
  | { readonly several: readonly FoundPerson[] };

const MOST_CHARACTERS = 1_024;

/**
 * Looks in the wanted tenant, or in all tenants of the provider. It is never looked for in a tenant
 * that isn't the provider's.
 */
export async function findPerson(
  people: Pick<PeopleStore, 'find'>,
  provider: ConfiguredProvider,
  wanted: string | undefined,
  claims: SignedInAccount['claims'],
): Promise<Found> {
  const { tenants, match } = provider;
  const value = claimOf(claims, match.claim);
  if (value === undefined) return { reason: 'claimMissing', tenant: wanted };
  // Anybody can give an account an address that isn't theirs.
  if (match.claim === 'email' && claimed(claims, 'email_verified') !== true)
    return { reason: 'emailNotVerified', tenant: wanted };
  const places = tenants.filter((tenant) => wanted === undefined || tenant === wanted);
  const verdicts = await Promise.all(
    places.map(async (tenant) => {
      const matches = await people.find(tenant, match.attribute, value);
      return { tenant, verdict: verdictOn(matches) };
    }),
  );
  const found = verdicts.flatMap(({ tenant, verdict }) =>
    typeof verdict === 'string' ? [] : [{ tenant, person: verdict }],
  );
  const [one, ...others] = found;
  if (one !== undefined) return others.length === 0 ? { one } : { several: found };
  const worse = verdicts.find(({ verdict }) => verdict !== 'notProvisioned');
  if (worse === undefined || typeof worse.verdict !== 'string')
    return { reason: 'notProvisioned', tenant: wanted };
  return { reason: worse.verdict, tenant: worse.tenant };
}

function verdictOn(matches: readonly PersonMatch[]): PersonMatch | RefusalReason {
  const [active, ...others] = matches.filter((match) => match.active);
  if (others.length > 0) return 'ambiguous';
  return active ?? (matches.length > 0 ? 'inactive' : 'notProvisioned');
}

/**
 * Ties the account to the user at the first sign-in. Later, the same name with another account is
 * refused, because names and addresses are used again for other people.
 */
export async function bindAccount(
  identities: Pick<IdentityStore, 'bind'>,
  { tenant, person }: FoundPerson,
  account: { readonly issuer: string; readonly subject: string },
  at: number,
): Promise<RefusalReason | undefined> {
  try {
    const result = await identities.bind(tenant, person.id, account, at);
    return result === 'bound' ? undefined : result;
  } catch (error) {
    // Deleted since it was found.
    if (error instanceof ScimError && error.status === 404) return 'notProvisioned';
    throw error;
  }
}

/** How the person knows the account, for messages only. */
export function accountName({ claims, subject }: SignedInAccount): string {
  const name =
    claimOf(claims, 'preferred_username') ?? claimOf(claims, 'email') ?? claimOf(claims, 'name');
  return visible(name ?? subject, 128);
}

/** Without characters that hide others or change their order. */
export const visible = (text: string, length: number): string =>
  text.replaceAll(/\p{C}/gu, '').slice(0, length);

function claimOf(claims: SignedInAccount['claims'], name: string): string | undefined {
  const value = claimed(claims, name);
  const isUsable = typeof value === 'string' && value !== '' && value.length <= MOST_CHARACTERS;
  return isUsable ? value : undefined;
}

const claimed = (claims: SignedInAccount['claims'], name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined;
