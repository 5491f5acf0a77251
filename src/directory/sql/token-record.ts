/** The record of a token from its row, which has the same columns in both databases. */
import type { TokenRecord } from '../store/tokens.ts';

type Nullable = 'expiresAt' | 'lastUsedAt' | 'shownAt';
type TokenRow = Omit<TokenRecord, Nullable> & { readonly [K in Nullable]: number | null };

export function tokenRecordOf({ expiresAt, lastUsedAt, shownAt, ...row }: TokenRow): TokenRecord {
  return {
    ...row,
    expiresAt: expiresAt ?? undefined,
    lastUsedAt: lastUsedAt ?? undefined,
    shownAt: shownAt ?? undefined,
  };
}
