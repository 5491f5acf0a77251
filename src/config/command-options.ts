/** The options that belong to one command, or to those that read or write a directory and end. */
import { ACTIVITY_OPERATIONS } from '../directory/store/activity.ts';
import { IDPS } from '../probe/sequences.ts';
import { OPTIONS, type OptionValues } from './options.ts';
import type { ValuesOf } from './resolve.ts';
import {
  choice,
  databaseUrl,
  filePath,
  httpUrl,
  integer,
  moment,
  type Option,
  secret,
  text,
  toggle,
} from './values.ts';

export const PROBE_OPTIONS = {
  idp: choice(
    'idp',
    `Identity provider whose requests are replayed: ${IDPS.join(', ')}.`,
    IDPS,
    undefined,
  ),
  url: httpUrl(
    'url',
    'The SCIM endpoint, as in status.endpoint of a ScimIntegration, or the ' +
      'base URL of any other SCIM 2.0 server.',
  ),
  token: secret(
    'token',
    'Bearer token of the endpoint. Prefer the variable: everybody on the machine can see ' +
      'a command line (ps), and shells keep it in their history.',
  ),
  json: toggle('json', 'Prints the report as one JSON document.', undefined),
} satisfies Readonly<Record<string, Option<unknown>>>;

type ProbeValues = ValuesOf<typeof PROBE_OPTIONS>;

/** Every option has a value. */
export type ProbeConfig = { readonly [K in keyof ProbeValues]: NonNullable<ProbeValues[K]> };

/** The options of `backup`, `restore`, `activity` and `requests` that other commands have as well. */
export const DIRECTORY_OPTIONS = {
  databaseUrl: OPTIONS.databaseUrl,
  databaseUrlFile: OPTIONS.databaseUrlFile,
  logLevel: OPTIONS.logLevel,
} satisfies Readonly<Record<string, Option<unknown>>>;

export const BACKUP_OPTIONS = {
  to: filePath('to', 'File to write, which must not exist; - for standard output.'),
} satisfies Readonly<Record<string, Option<unknown>>>;

export const RESTORE_OPTIONS = {
  from: filePath('from', 'File that backup has written; - for standard input.'),
  replace: toggle(
    'replace',
    'Replaces everything in the directory, which otherwise has to be empty.',
    'false',
  ),
  withoutTokens: toggle(
    'without-tokens',
    'Leaves out the hashes of the tokens, some of which may have been revoked since the ' +
      'backup. The operator adds those of the tokens in the Secrets.',
    'false',
  ),
} satisfies Readonly<Record<string, Option<unknown>>>;

export const COPY_OPTIONS = {
  from: databaseUrl('from', 'The directory to read, in the form of --database-url.', undefined),
  to: databaseUrl(
    'to',
    'The database to fill, in the form of --database-url. Prefer the variables for URLs with a ' +
      'password: everybody on the machine can see a command line (ps).',
    undefined,
  ),
} satisfies Readonly<Record<string, Option<unknown>>>;

const OUTPUT_OPTION = choice(
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

export const REQUESTS_OPTIONS = {
  integration: text(
    'integration',
    'The ScimIntegration, as NAMESPACE/NAME, or by its id, which is in its endpoint.',
    undefined,
  ),
  output: OUTPUT_OPTION,
} satisfies Readonly<Record<string, Option<unknown>>>;

/** The options that belong to one command alone. */
export const OPTIONS_OF_COMMANDS = {
  probe: PROBE_OPTIONS,
  backup: BACKUP_OPTIONS,
  restore: RESTORE_OPTIONS,
  copy: COPY_OPTIONS,
  activity: ACTIVITY_OPTIONS,
  requests: REQUESTS_OPTIONS,
} satisfies Readonly<Record<string, Readonly<Record<string, Option<unknown>>>>>;

type LogLevel = OptionValues['logLevel'];

export interface DirectoryConfig {
  readonly databaseUrl: string;
  readonly databaseUrlFile: string | undefined;
  readonly logLevel: LogLevel;
}

export interface BackupConfig extends DirectoryConfig {
  readonly to: string;
}

export interface RestoreConfig extends DirectoryConfig {
  readonly from: string;
  readonly replace: boolean;
  readonly withoutTokens: boolean;
}

export type ActivityConfig = DirectoryConfig &
  ValuesOf<typeof ACTIVITY_OPTIONS> & { readonly tenant: string };

export type RequestsConfig = DirectoryConfig &
  ValuesOf<typeof REQUESTS_OPTIONS> & { readonly integration: string };

export interface CopyConfig {
  readonly from: string;
  readonly to: string;
  readonly logLevel: LogLevel;
}

export const ALL_OPTIONS: readonly Option<unknown>[] = [
  ...Object.values(OPTIONS),
  ...Object.values(OPTIONS_OF_COMMANDS).flatMap((own) => Object.values<Option<unknown>>(own)),
];
