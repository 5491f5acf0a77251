/**
 * Where a part of the tenants begins, as it stands in an address. It is encrypted, because it names
 * a tenant that the visitor may not be allowed to know.
 */
import { Seal } from '../../sso/seal.ts';
import type { SignInSession } from '../../sso/sessions.ts';

export class TenantPlaces {
  readonly #seal: Seal;
  readonly #session: string;

  constructor(sealingKey: string, { hash }: SignInSession) {
    this.#seal = new Seal(sealingKey, 'tenants');
    this.#session = hash;
  }

  close(name: string | undefined): string | undefined {
    return name === undefined ? undefined : this.#seal.close(name, this.#session);
  }

  /** Undefined for one that was not made for this session. */
  open(cursor: string | undefined): string | undefined {
    return cursor === undefined ? undefined : this.#seal.open(cursor, this.#session);
  }
}
