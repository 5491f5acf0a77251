/** A request of a signed-in visitor. */
import type { ConsoleAccess, ConsoleAttributes, ConsoleSession, ConsoleTenant } from './needs.ts';

export class Visit {
  readonly session: ConsoleSession;
  readonly #access: ConsoleAccess;

  constructor(session: ConsoleSession, access: ConsoleAccess) {
    this.session = session;
    this.#access = access;
  }

  /** How the visitor is called on pages. */
  get title(): string {
    const { person, identity } = this.session;
    return person?.displayName ?? person?.userName ?? identity.user;
  }

  /** Whether the visitor may do each of these. A session of a tenant must not ask beyond it. */
  mayEach(questions: readonly ConsoleAttributes[]): Promise<readonly boolean[]> {
    return this.#access.mayEach(this.session.identity, questions);
  }

  /** The tenants of which the visitor may be shown something, if they have permissions there. */
  async tenants(): Promise<readonly ConsoleTenant[]> {
    const all = await this.#access.tenants();
    const { tenant } = this.session;
    return tenant === undefined ? all : all.filter(({ name }) => name === tenant);
  }
}
