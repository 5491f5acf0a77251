/** What can be done in the console, in words and as Kubernetes is asked about it. */
import type { ConsoleResource, ConsoleVerb } from './tenant-visit.ts';

interface ConsoleAction {
  /** Completes "may …". */
  readonly words: string;
  readonly verb: ConsoleVerb;
  readonly resource: ConsoleResource;
}

const action = (words: string, verb: ConsoleVerb, resource: ConsoleResource): ConsoleAction => ({
  words,
  verb,
  resource,
});

export const CONSOLE_ACTIONS: readonly ConsoleAction[] = [
  action('see integrations', 'list', 'scimintegrations'),
  action('create integrations', 'create', 'scimintegrations'),
  action('switch integrations on and off, rotate and show tokens', 'patch', 'scimintegrations'),
  action('remove integrations', 'delete', 'scimintegrations'),
  action('see users', 'list', 'users'),
  action('end sessions and unbind accounts', 'update', 'bindings'),
  action('see groups', 'list', 'groups'),
  action('see the roles of groups', 'list', 'scimgroupbindings'),
  action('attach roles', 'create', 'scimgroupbindings'),
  action('detach roles', 'delete', 'scimgroupbindings'),
  action('see the activity', 'list', 'activity'),
];
