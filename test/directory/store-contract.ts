/** What every directory store must do; each database has a small file that runs this. */
import { describe, expect, it } from 'vitest';
import { activityContract } from './contract/activity.ts';
import { censusContract } from './contract/census.ts';
import { type Open, useStore } from './contract/fixture.ts';
import { groupContract } from './contract/groups.ts';
import { integrationContract } from './contract/integrations.ts';
import { madeObjectContract } from './contract/made-objects.ts';
import { membershipContract } from './contract/memberships.ts';
import { modelContract } from './contract/model.ts';
import { peopleGroupContract } from './contract/people/groups.ts';
import { identityContract } from './contract/people/identities.ts';
import { peopleContract } from './contract/people/people.ts';
import { peopleSearchContract } from './contract/people/search.ts';
import { sessionContract } from './contract/people/sessions.ts';
import { setupLinkContract } from './contract/people/setup-links.ts';
import { recentRequestContract } from './contract/recent-requests.ts';
import { searchContract } from './contract/search.ts';
import { userContract } from './contract/users.ts';

export function storeContract(name: string, open: Open): void {
  describe(`the directory on ${name}`, () => {
    userContract(open);
    groupContract(open);
    membershipContract(open);
    integrationContract(open);
    madeObjectContract(open);
    recentRequestContract(open);
    sessionContract(open);
    identityContract(open);
    peopleContract(open);
    peopleSearchContract(open);
    peopleGroupContract(open);
    setupLinkContract(open);
    activityContract(open);
    censusContract(open);
    searchContract(open);
    modelContract(open);

    describe('the store', () => {
      const opened = useStore(open);

      it('responds to a ping while it is open', async () => {
        await expect(opened().ping()).resolves.toBeUndefined();
      });
    });
  });
}
