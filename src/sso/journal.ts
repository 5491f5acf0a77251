/**
 * Who signed in and who was refused: in the log, in the directory's activity and in a metric. A
 * flood of failures is counted, but does not fill the log or the directory.
 */
import type { Registry } from 'prom-client';
import type { ActivityStore, NewActivity } from '../directory/store/activity.ts';
import type { Logger } from '../logger.ts';
import { createSignInCounter, type SignInCounter } from './metrics.ts';
import { MinuteBudget } from './minute-budget.ts';
import { visible } from './person.ts';
import type { Refusal } from './refusal.ts';

/** A user of a tenant, at a provider. */
interface Subject {
  readonly tenant: string;
  readonly provider: string;
  readonly accessId: string;
  /** The name of the Kubernetes user. */
  readonly user: string;
}

interface JournalOptions {
  readonly activity: Pick<ActivityStore, 'append'>;
  readonly log: Logger;
  readonly registry: Registry;
  readonly now: () => number;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
}

export interface RefusalDetails {
  /** For the log. */
  readonly detail?: string;
  /**
   * The id that the provider gave the account, if it has authenticated the account and may sign
   * users in to the tenant. Only then is the refusal an event of the tenant.
   */
  readonly subject?: string;
}

/** Lines about refusals in a minute. */
const MOST_LINES = 60;
/** Entries about refusals in a minute, in all and of an account. */
const MOST_ENTRIES = 60;
const MOST_ENTRIES_OF_ACCOUNT = 2;

export class Journal {
  readonly #options: JournalOptions;
  readonly #signIns: SignInCounter;
  readonly #lines: MinuteBudget;
  readonly #entries: MinuteBudget;
  readonly #ofAccount: MinuteBudget;
  #withheld = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    const { registry, clock } = options;
    this.#signIns = createSignInCounter(registry);
    this.#lines = new MinuteBudget(MOST_LINES, clock);
    this.#entries = new MinuteBudget(MOST_ENTRIES, clock);
    this.#ofAccount = new MinuteBudget(MOST_ENTRIES_OF_ACCOUNT, clock);
  }

  async signedIn({ tenant, provider, accessId, user }: Subject): Promise<void> {
    this.#signIns.inc({ provider, result: 'success' });
    this.#options.log.info({ tenant, provider, user }, 'user signed in');
    const change = { provider: { after: provider } };
    const resource = { id: accessId, name: user };
    await this.#append({ tenant, actor: person(user), operation: 'signIn', resource, change });
  }

  async signedOut({ tenant, provider, accessId, user }: Subject): Promise<void> {
    this.#options.log.info({ tenant, provider, user }, 'user signed out');
    const change = { provider: { before: provider } };
    const resource = { id: accessId, name: user };
    await this.#append({ tenant, actor: person(user), operation: 'signOut', resource, change });
  }

  /** The holder of a Kubernetes token belongs to no tenant, so that only the log has it. */
  holderSignedIn(user: string): void {
    this.#signIns.inc({ provider: 'kubernetes', result: 'success' });
    this.#options.log.info({ provider: 'kubernetes', user }, 'user signed in');
  }

  holderSignedOut(user: string): void {
    this.#options.log.info({ provider: 'kubernetes', user }, 'user signed out');
  }

  async refused(
    { reason, account, tenant }: Refusal,
    provider: string,
    { detail, subject }: RefusalDetails = {},
  ): Promise<void> {
    this.#signIns.inc({ provider, result: reason });
    this.#logRefusal({ provider, tenant, account, reason, detail });
    if (subject === undefined || tenant === undefined || account === undefined) return;
    // The name of the account is its own choice, and may be that of a person.
    const actor = { kind: 'account', name: `${provider} ${visible(subject, 255)}` } as const;
    const key = JSON.stringify([tenant, actor.name]);
    if (!this.#ofAccount.spend(key) || !this.#entries.spend(tenant)) return;
    const change = { provider: { after: provider }, reason: { after: reason } };
    const resource = { id: '', name: account };
    await this.#append({ tenant, actor, operation: 'signInRefused', resource, change });
  }

  #logRefusal(fields: Readonly<Record<string, string | undefined>>): void {
    if (!this.#lines.spend()) {
      this.#withheld++;
      return;
    }
    const { log } = this.#options;
    if (this.#withheld > 0)
      log.warn(
        { refusals: this.#withheld },
        'more sign-ins were refused, which have no lines of their own',
      );
    this.#withheld = 0;
    log.warn(fields, 'sign-in was refused');
  }

  async #append({ resource, ...entry }: Entry): Promise<void> {
    await this.#options.activity.append({
      at: this.#options.now(),
      ...entry,
      resource: { type: 'Session', ...resource },
      requestId: undefined,
      version: undefined,
    });
  }
}

interface Entry extends Pick<NewActivity, 'tenant' | 'actor' | 'operation' | 'change'> {
  readonly resource: Omit<NewActivity['resource'], 'type'>;
}

const person = (user: string) => ({ kind: 'person', name: user }) as const;
