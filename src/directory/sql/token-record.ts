/** The record of a token from its row, which has the same columns in both databases. */
import type { TokenRecord } from '../store/tokens.ts';

type Nullable = 'expiresAt' | 'lastUsedAt' | 'shownAt';
type TokenRow = Omit<TokenRecord, Nullable> & { readonly [K in Nullable]: number | null };

export function tokenRecordOf(row: TokenRow): TokenRecord {
  const { hash, integrationId, keyId, issuedAt, pending, expiresAt, lastUsedAt, shownAt } = row;
  return {
    hash,
    integrationId,
    keyId,
    issuedAt,
    pending,
    expiresAt: expiresAt ?? undefined,
    lastUsedAt: lastUsedAt ?? undefined,
    shownAt: shownAt ?? undefined,
  };
}
