/** Generates the table of refused sign-ins in docs/reference/sign-in.md from the messages. */
import { type RefusalReason, refusalOf } from '../../src/sso/refusal.ts';
import { cell, fillIn } from './tables.ts';

/** Every reason, in the order of a sign-in. The type makes sure that none is missing. */
const REASONS: Readonly<Record<RefusalReason, true>> = {
  unknownProvider: true,
  insecure: true,
  unknownTenant: true,
  unreachable: true,
  unusable: true,
  busy: true,
  denied: true,
  attempt: true,
  invalid: true,
  claimMissing: true,
  emailNotVerified: true,
  notProvisioned: true,
  inactive: true,
  ambiguous: true,
  otherSubject: true,
  otherAccess: true,
  unnamed: true,
  tooOften: true,
  tokenRefused: true,
  noReview: true,
};

const PROVIDER = { displayName: 'Okta', match: { claim: 'sub', attribute: 'externalId' } } as const;
const ADA = { account: 'ada@acme.example', tenant: 'acme' };

/** Replaces the table in the document. */
export function fillInRefusals(document: string): string {
  const rows = (Object.keys(REASONS) as RefusalReason[]).map((reason) => {
    const { status, message } = refusalOf(reason, PROVIDER, ADA);
    return `| \`${reason}\` | ${status} | ${cell(message)} |`;
  });
  return fillIn(
    document,
    'refusals',
    ['| reason | status | message |', '|---|---|---|', ...rows].join('\n'),
  );
}
