/** How a user is called on pages. */
import type { Person } from '../../directory/store/people.ts';
import { isJsonObject } from '../../scim/json.ts';

/** The displayName, or else the name, or else the userName. */
export function nameOf({ attributes }: Pick<Person, 'attributes'>): string {
  const { displayName, name, userName } = attributes;
  const formatted = isJsonObject(name) ? name.formatted : undefined;
  const [title = ''] = [displayName, formatted, userName].filter(
    (each): each is string => typeof each === 'string' && each.trim() !== '',
  );
  return title;
}
