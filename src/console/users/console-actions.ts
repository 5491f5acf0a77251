/** The actions of the console, as an administrator asks about another person. */
import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS } from '../../crd/names.ts';
import { DIRECTORY_API_GROUP } from '../../directory/permissions.ts';

const inDirectory = (words: string, verb: string, resource: string) => ({
  words,
  action: { verb, group: DIRECTORY_API_GROUP, resource },
});
const on = (words: string, verb: string, { group, plural }: Resource) => ({
  words,
  action: { verb, group, resource: plural },
});

interface Resource {
  readonly group: string;
  readonly plural: string;
}

export const CONSOLE_ACTIONS = [
  inDirectory('see users', 'list', 'users'),
  inDirectory('see groups', 'list', 'groups'),
  inDirectory('see the activity', 'list', 'activity'),
  inDirectory('end sessions and unbind accounts', 'update', 'bindings'),
  on('see integrations', 'list', SCIM_INTEGRATIONS),
  on('create integrations', 'create', SCIM_INTEGRATIONS),
  on('change integrations and see their tokens', 'patch', SCIM_INTEGRATIONS),
  on('remove integrations', 'delete', SCIM_INTEGRATIONS),
  on('see the roles of groups', 'list', SCIM_GROUP_BINDINGS),
  on('attach roles', 'create', SCIM_GROUP_BINDINGS),
  on('detach roles', 'delete', SCIM_GROUP_BINDINGS),
];
