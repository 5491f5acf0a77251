/** A request of a signed-in visitor. */
import type { Access } from '../access/access.ts';
import type { ResourceAttributes } from '../access/identity.ts';
import type { TenantInfo } from '../access/tenants.ts';
import type { SignInSession } from '../sso/sessions.ts';

export class Visit {
  readonly session: SignInSession;
  readonly #access: Pick<Access, 'mayEach' | 'tenants'>;

  #asked = 0;
  readonly #everywhere = new Map<string, Promise<readonly boolean[]>>();

  constructor(session: SignInSession, access: Pick<Access, 'mayEach' | 'tenants'>) {
    this.session = session;
    this.#access = access;
  }

  /** Whom limits are for: all sessions of a person in a tenant are one caller. */
  get caller(): string {
    const { tenant = '', person, identity } = this.session;
    return `${tenant} ${person?.accessId ?? identity.user}`;
  }

  /** How the visitor is called on pages. */
  get title(): string {
    const { person, identity } = this.session;
    return person?.displayName ?? person?.userName ?? identity.user;
  }

  /** How many questions the request has asked so far. */
  get asked(): number {
    return this.#asked;
  }

  /** Whether the visitor may do each of these. A session of a tenant must not ask beyond it. */
  mayEach(questions: readonly ResourceAttributes[]): Promise<readonly boolean[]> {
    this.#asked += questions.length;
    return this.#access.mayEach(this.session.identity, questions);
  }

  /**
   * Whether the holder of a token may do this in all namespaces, which may be thousands. Always
   * false for the session of a tenant.
   */
  async mayEverywhere(question: ResourceAttributes): Promise<boolean> {
    if (this.session.tenant !== undefined) return false;
    const key = `${question.verb} ${question.group}/${question.resource}`;
    const asked = this.#everywhere.get(key) ?? this.mayEach([question]);
    this.#everywhere.set(key, asked);
    return (await asked)[0] === true;
  }

  /** The tenants of which the visitor may be shown something, if they have permissions there. */
  async tenants(): Promise<readonly TenantInfo[]> {
    const all = await this.#access.tenants();
    const { tenant } = this.session;
    return tenant === undefined ? all : all.filter(({ name }) => name === tenant);
  }
}
