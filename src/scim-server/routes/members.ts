/** The members of a group in a response. */
import { randomUUID } from 'node:crypto';
import type { PackedMembers } from '../../directory/store/resources.ts';
import { type Projection, project } from '../../scim/projection.ts';
import { locationOf } from '../../scim/representation.ts';
import type { ResourceTypes } from '../../scim/resource-types.ts';
import type { Body } from '../answer.ts';

/** Stands for an id, which consists of letters, digits, `-` and `_`. */
const SOME_ID = randomUUID();

/** The empty list, which in JSON is nothing else: inside of a string, a quote is escaped. */
export const NO_MEMBERS = '"members":[]';

/**
 * Puts members into the JSON of their group, which has an empty list of them unless the projection
 * leaves them out.
 */
export function fillMembers(
  group: string,
  members: readonly PackedMembers[],
  types: ResourceTypes,
  projection: Projection,
  baseUrl: string,
): Body {
  const at = group.indexOf(NO_MEMBERS);
  if (at < 0 || members.length === 0) return group;
  const [before, after] = [group.slice(0, at), group.slice(at + NO_MEMBERS.length)];
  const textOf = memberText(types, projection, baseUrl);
  // The id is in every response, and precedes the members.
  if (textOf === undefined) return before.slice(0, -1) + after;
  const parts = function* () {
    let lead = `${before}"members":[`;
    for (const each of members) {
      for (const piece of piecesOf(each)) {
        yield lead + textOf(piece);
        lead = ',';
      }
    }
    yield `]${after}`;
  };
  // Ids are ASCII, which V8 keeps in one byte each.
  const bytes = members.reduce((sum, { length }) => sum + length, 0);
  return bytes <= SHORT ? [...parts()].join('') : { parts, bytes };
}

/** Members that are written at once. Longer ones are sent in parts. */
const SHORT = 64 * 1024;

/** So few that V8 keeps their text, which is about five times as long, where it collects often. */
const PIECE = 16 * 1024;

function* piecesOf(members: PackedMembers): Iterable<PackedMembers> {
  for (let from = 0; from < members.length; ) {
    const to = MARK.exec(members.slice(from + PIECE))?.index ?? members.length;
    const end = Math.min(members.length, from + PIECE + to);
    yield members.slice(from, end);
    from = end;
  }
}

const MARK = /[+!]/;

/** Writes members as JSON; undefined if the projection leaves nothing of them. */
function memberText(
  types: ResourceTypes,
  projection: Projection,
  baseUrl: string,
): ((members: PackedMembers) => string) | undefined {
  const elementOf = (type: 'User' | 'Group'): string | undefined => {
    const $ref = locationOf(type === 'User' ? types.user : types.group, baseUrl, SOME_ID);
    const sample = { members: [{ value: SOME_ID, $ref, type }] };
    const json = JSON.stringify(project(sample, types.group, projection).members);
    return json?.slice(1, -1);
  };
  const [user, group] = [elementOf('User'), elementOf('Group')];
  if (user === undefined || group === undefined) return undefined;
  const ofUser = `${user.replaceAll('$', '$$$$').replaceAll(SOME_ID, '$1')},`;
  return (members) => {
    const text = members.includes('!')
      ? members.replace(
          /([+!])([\w-]+)/g,
          (_, mark, id) => `${(mark === '+' ? user : group).replaceAll(SOME_ID, id)},`,
        )
      : members.replace(/\+([\w-]+)/g, ofUser);
    return text.slice(0, -1);
  };
}
