/** The groups that ScimGroupBindings depend on, and the loop that notices when one changes. */
import { isDeepStrictEqual } from 'node:util';
import type {
  FollowedGroup,
  GroupSelector,
  MembershipBasis,
} from '../../directory/store/followed-groups.ts';
import type { Store } from '../../directory/store/store.ts';
import { pause } from '../../kube/backoff.ts';
import type { Controller } from '../../kube/controller.ts';
import { keyText, type ObjectKey } from '../../kube/resource.ts';
import type { Logger } from '../../logger.ts';
import { Outage } from '../../outage.ts';

/** Short enough for a change to reach Kubernetes within two seconds. */
const LOOK_EVERY_MS = 500;
/** With very many bindings, polling takes at most a fifth of the time. */
const SHARE = 4;
/** After this long without the directory, every binding reports that it is not followed. */
const OUTAGE_MS = 5_000;

interface Followed {
  readonly key: ObjectKey;
  readonly group: FollowedGroup;
  readonly basis: MembershipBasis;
}

export class FollowedGroups {
  readonly #followed = new Map<string, Followed>();

  /** Notes the basis of a reading. */
  note(key: ObjectKey, tenant: string, selector: GroupSelector, basis: MembershipBasis): void {
    const group = { tenant, selector, groupIds: Object.keys(basis.versions) };
    this.#followed.set(keyText(key), { key, group, basis });
  }

  forget(key: ObjectKey): void {
    this.#followed.delete(keyText(key));
  }

  get keys(): readonly ObjectKey[] {
    return [...this.#followed.values()].map(({ key }) => key);
  }

  /** Returns the bindings whose basis differs from the last noted one, once for each change. */
  async changed({ memberships }: Store): Promise<readonly ObjectKey[]> {
    const followed = [...this.#followed];
    const bases = await memberships.bases(followed.map(([, { group }]) => group));
    return followed.flatMap(([text, each], index) => {
      const basis = bases[index];
      // A group that was read meanwhile is compared next time.
      const isCurrent = this.#followed.get(text) === each;
      if (basis === undefined || !isCurrent || isDeepStrictEqual(basis, each.basis)) return [];
      this.#followed.set(text, { ...each, basis });
      return [each.key];
    });
  }
}

/** Enqueues bindings whose group has changed, until the signal aborts. */
export async function followUntil(
  signal: AbortSignal,
  groups: FollowedGroups,
  store: Store,
  controller: Pick<Controller, 'enqueue'>,
  log: Logger,
): Promise<void> {
  let failingSince: number | undefined;
  const outage = new Outage();
  const enqueueAll = () => {
    for (const key of groups.keys) controller.enqueue(key);
  };
  while (!signal.aborted) {
    const started = performance.now();
    try {
      for (const key of await groups.changed(store)) controller.enqueue(key);
      if (outage.ends()) {
        log.info('groups are followed again');
        enqueueAll();
      }
      failingSince = undefined;
    } catch (error) {
      failingSince ??= started;
      const lasts = started - failingSince >= OUTAGE_MS;
      if (lasts && !signal.aborted && outage.begins()) {
        log.warn({ err: error }, 'groups could not be followed; retrying');
        enqueueAll();
      }
    }
    await pause(Math.max(LOOK_EVERY_MS, SHARE * (performance.now() - started)), signal);
  }
}
