/** The stores of sign-in and console, in the same way on both databases. */
import type { Store } from '../../store/store.ts';
import type { PeopleDatabase } from './database.ts';
import { createIdentityStore } from './identities.ts';
import { createPeopleStore } from './people.ts';
import { createSessionStore } from './sessions.ts';
import { createSetupLinkStore } from './setup-links.ts';

export function createPeopleStores(
  database: PeopleDatabase,
): Pick<Store, 'people' | 'identities' | 'sessions' | 'setupLinks'> {
  return {
    people: createPeopleStore(database),
    identities: createIdentityStore(database),
    sessions: createSessionStore(database),
    setupLinks: createSetupLinkStore(database),
  };
}
