/** What the address of the list of users asks for. */
import { tenantHref, withQuery } from '../hrefs.ts';
import { cursorIn, queryParameter } from '../text/query.ts';

export interface UsersQuery {
  readonly text: string | undefined;
  readonly state: 'active' | 'inactive' | undefined;
  readonly groupId: string | undefined;
  /** How the name of a group begins. */
  readonly groupName: string | undefined;
  readonly integrationId: string | undefined;
  readonly after: string | undefined;
}

export function usersQueryIn(query: URLSearchParams): UsersQuery {
  const state = queryParameter(query, 'state');
  return {
    text: queryParameter(query, 'q'),
    state: state === 'active' || state === 'inactive' ? state : undefined,
    groupId: queryParameter(query, 'group'),
    groupName: queryParameter(query, 'in'),
    integrationId: queryParameter(query, 'by'),
    after: cursorIn(query),
  };
}

export function usersHref(tenant: string, query: Partial<UsersQuery> = {}): string {
  const { text, state, groupId, groupName, integrationId, after } = query;
  return withQuery(tenantHref(tenant, 'users'), {
    q: text,
    state,
    group: groupId,
    in: groupName,
    by: integrationId,
    after,
  });
}

export const isNarrowed = ({ after: _, ...filters }: UsersQuery): boolean =>
  Object.values(filters).some((each) => each !== undefined);
