/** The options of `activity`, and what `requests` shares with it. */
import { ACTIVITY_OPERATIONS } from '../directory/store/activity.ts';
import { choice, integer, moment, type Option, text } from './values.ts';

export const OUTPUT_OPTION = choice(
  'output',
  'Form of the entries: lines of text, a JSON document on each line, or CSV.',
  ['text', 'json', 'csv'] as const,
  'text',
);

export const ACTIVITY_OPTIONS = {
  tenant: text('tenant', 'Tenant whose log is printed.', undefined),
  integration: text(
    'integration',
    'Only what this ScimIntegration did: NAMESPACE/NAME, or its id, which is in its endpoint.',
    undefined,
  ),
  actor: text(
    'actor',
    'Only what this person did: the name of the Kubernetes user, such as scim:ada@example.com.',
    undefined,
  ),
  operation: choice('operation', 'Only entries of this operation.', ACTIVITY_OPERATIONS, undefined),
  resource: text('resource', 'Only changes of the user, group or object with this id.', undefined),
  since: moment('since', 'Only entries since then.'),
  until: moment('until', 'Only entries before then.'),
  limit: integer(
    'limit',
    'Maximum number of entries, the newest first; 0 prints all.',
    '100',
    0,
    1_000_000_000,
  ),
  output: OUTPUT_OPTION,
} satisfies Readonly<Record<string, Option<unknown>>>;
