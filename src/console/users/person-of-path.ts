/** The user whom an address names. */
import type { Person } from '../../directory/store/people.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { notThere } from '../frame/page-error.ts';

/**
 * Returns the namespaces as well in which the visitor may see users. Throws PageError unless the
 * user exists in the tenant and there is one.
 */
export async function personOfPath(
  { store }: Pick<ConsoleContext, 'store'>,
  c: ConsoleRequest,
): Promise<{ readonly person: Person; readonly namespaces: readonly string[] }> {
  const tenant = c.get('tenant');
  const namespaces = await tenant.require('get', 'users');
  const person = await store.people.get(tenant.name, c.req.param('id') ?? '');
  if (person === undefined) throw notThere();
  return { person, namespaces };
}
