/** What the token of one tenant can send, on as many connections as are named, to disturb others. */
import type { Directory } from '../directory/directory.ts';
import { filtered, GROUP, type requestsTo } from '../load/requests.ts';

export const ATTACKS = ['longFilter', 'costlySearches', 'largePuts', 'largeGets'] as const;
export type AttackName = (typeof ATTACKS)[number];

export interface Attack {
  readonly what: string;
  readonly connections: number;
  /** On each connection. */
  readonly times: number;
  /** The most that others may wait, at the 99th percentile. */
  readonly boundMs: number;
  /** The most anonymous memory of the server and its database. */
  readonly boundMb?: number;
  /** With fewer users, because one that compares more is refused at once. */
  readonly isOnFew?: boolean;
  request(compose: ReturnType<typeof requestsTo>, directory: Directory): string;
}

/** All users of the larger directory are in it. */
export const LARGE_GROUP = 'large';

const TERMS = 50;
const COSTLY = {
  schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
  filter: Array.from({ length: TERMS }, (_, n) => `emails.value co "z${n}"`).join(' or '),
};

export const ATTACK_OF: Readonly<Record<AttackName, Attack>> = {
  longFilter: {
    what: 'a filter without an index, again and again',
    connections: 1,
    times: 10,
    boundMs: 20,
    request: (compose) => compose('GET', filtered('Users', 'title co "x"')),
  },
  costlySearches: {
    what: `20 searches at once with ${TERMS} terms for each user`,
    connections: 20,
    times: 1,
    boundMs: 50,
    isOnFew: true,
    request: (compose) => compose('POST', '/.search', COSTLY),
  },
  largePuts: {
    what: '20 PUTs at once of a group with 300,000 members',
    connections: 20,
    times: 1,
    boundMs: 50,
    boundMb: 400,
    request: (compose, { users, groups }) => {
      const members = users.map((value) => ({ value }));
      const body = { schemas: [GROUP], displayName: LARGE_GROUP, members };
      return compose('PUT', `/Groups/${groups[LARGE_GROUP]}`, body);
    },
  },
  largeGets: {
    what: '20 GETs at once of that group',
    connections: 20,
    times: 1,
    boundMs: 50,
    boundMb: 400,
    request: (compose, { groups }) => compose('GET', `/Groups/${groups[LARGE_GROUP]}`),
  },
};
