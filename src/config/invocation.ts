/**
 * Turns the command line and the environment into a command and its configuration. This is the only
 * place that reads the environment of the process.
 */
import packageJson from '../../package.json' with { type: 'json' };
import { isPostgres, readDatabaseUrl } from '../directory/database-url.ts';
import { COMMANDS, type Command, parseArguments } from './arguments.ts';
import {
  ACTIVITY_OPTIONS,
  type ActivityConfig,
  BACKUP_OPTIONS,
  type BackupConfig,
  COPY_OPTIONS,
  type CopyConfig,
  DIRECTORY_OPTIONS,
  type DirectoryConfig,
  OPTIONS_OF_COMMANDS,
  PROBE_OPTIONS,
  type ProbeConfig,
  REQUESTS_OPTIONS,
  RESTORE_OPTIONS,
  type RequestsConfig,
  type RestoreConfig,
} from './command-options.ts';
import { formatHelp } from './help.ts';
import { type Config, OPTIONS, type OptionValues } from './options.ts';
import { ConfigError, environmentValue, mayHoldSecret, resolveOptions } from './resolve.ts';
import { unknownVariables } from './unknown-variables.ts';
import type { Option } from './values.ts';

export type Invocation =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version'; readonly text: string }
  | { readonly kind: 'probe'; readonly config: ProbeConfig }
  | { readonly kind: 'backup'; readonly config: BackupConfig }
  | { readonly kind: 'restore'; readonly config: RestoreConfig }
  | { readonly kind: 'copy'; readonly config: CopyConfig }
  | { readonly kind: 'activity'; readonly config: ActivityConfig }
  | { readonly kind: 'requests'; readonly config: RequestsConfig }
  | {
      readonly kind: 'command';
      readonly command: Exclude<Command, keyof typeof OPTIONS_OF_COMMANDS>;
      readonly config: Config;
    };

/**
 * A flag takes precedence over its variable (`--public-url` over `SCIM_OPERATOR_PUBLIC_URL`), and
 * that over the default. Throws ConfigError.
 */
export function readInvocation(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Invocation {
  const { command, flags, help, version } = parseArguments(args);
  if (version) return { kind: 'version', text: `scim-operator ${packageJson.version}\n` };
  if (help) {
    const ofCommands = Object.entries(OPTIONS_OF_COMMANDS).map(([name, own]) => [
      name,
      Object.values<Option<unknown>>(own),
    ]);
    const text = formatHelp(COMMANDS, Object.values(OPTIONS), Object.fromEntries(ofCommands));
    return { kind: 'help', text };
  }
  checkFlags(command, flags);
  if (command === 'probe') return { kind: command, config: probeConfig(flags, environment) };
  if (command === 'backup') return { kind: command, config: backupConfig(flags, environment) };
  if (command === 'restore') return { kind: command, config: restoreConfig(flags, environment) };
  if (command === 'copy') return { kind: command, config: copyConfig(flags, environment) };
  if (command === 'activity') return { kind: command, config: activityConfig(flags, environment) };
  if (command === 'requests') return { kind: command, config: requestsConfig(flags, environment) };
  return { kind: 'command', command, config: configOf(command, flags, environment) };
}

export const ignoredVariables = () => unknownVariables(process.env);

function configOf(
  command: Command,
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): Config {
  const values = resolveOptions(OPTIONS, flags, environment);
  const { databaseUrlFile: file, publicUrl } = values;
  const databaseUrl =
    file === undefined ? values.databaseUrl : databaseUrlOf(file, flags, environment);
  const serves = command === 'run' || command === 'operator' || command === 'server';
  if (serves && publicUrl === undefined) {
    throw new ConfigError(
      '--public-url (SCIM_OPERATOR_PUBLIC_URL) is required: the URL at which identity providers ' +
        'reach this server, such as https://scim.example.com',
    );
  }
  if ((command === 'operator' || command === 'server') && !isPostgres(databaseUrl)) {
    const shown = mayHoldSecret(databaseUrl) ? '' : `, not "${databaseUrl}"`;
    throw new ConfigError(
      `--database-url (SCIM_OPERATOR_DATABASE_URL) must be postgres://… for ${command}${shown}; ` +
        'of run, operator and server, only run can use a SQLite file',
    );
  }
  checkElectionTimes(values);
  checkTls(values);
  return { ...values, databaseUrl, publicUrl: publicUrl ?? '', environment };
}

/** Reads the URL from the file. Throws ConfigError, which shows nothing of the file's content. */
function databaseUrlOf(
  path: string,
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): string {
  const { databaseUrl: option, databaseUrlFile: ofFile } = OPTIONS;
  const name = `--${ofFile.flag} (${ofFile.variable})`;
  if (flags.has(option.flag) || environmentValue(option, environment) !== undefined) {
    throw new ConfigError(
      `${name} and --${option.flag} (${option.variable}) exclude each other; set only one`,
    );
  }
  let content: string;
  try {
    content = readDatabaseUrl(path);
  } catch (error) {
    throw new ConfigError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = option.parse(content);
  if (parsed.ok) return parsed.value;
  throw new ConfigError(
    parsed.reason === undefined
      ? `${name}: ${path} must contain ${option.allowed}`
      : `${name}: invalid URL in ${path}: ${parsed.reason}`,
  );
}

/** A leader must give up before others take over, and must be able to retry before it does. */
function checkElectionTimes(values: OptionValues): void {
  const ascending = ['retryPeriodMs', 'renewDeadlineMs', 'leaseDurationMs'] as const;
  let [least, below] = [1_000, 'at least 1s'];
  for (const key of ascending) {
    const { flag, variable } = OPTIONS[key];
    const value = values[key];
    if (value < least) {
      throw new ConfigError(
        `--${flag} (${variable}): ${value / 1000}s is not allowed; it must be ${below}`,
      );
    }
    [least, below] = [value + 1, `longer than --${flag}, which is ${value / 1000}s`];
  }
}

function checkTls(values: OptionValues): void {
  if ((values.tlsCert === undefined) === (values.tlsKey === undefined)) return;
  const [set, missing] =
    values.tlsKey === undefined
      ? [OPTIONS.tlsCert, OPTIONS.tlsKey]
      : [OPTIONS.tlsKey, OPTIONS.tlsCert];
  throw new ConfigError(
    `--${missing.flag} (${missing.variable}) is required because --${set.flag} is set`,
  );
}

function probeConfig(
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): ProbeConfig {
  const values = resolveOptions(PROBE_OPTIONS, flags, environment);
  const idp = required('probe', PROBE_OPTIONS.idp, values.idp);
  const url = required('probe', PROBE_OPTIONS.url, values.url);
  const { token, json } = values;
  if (token === undefined) {
    const { flag, variable } = PROBE_OPTIONS.token;
    throw new ConfigError(
      `--${flag} (${variable}) is required by probe: set ${variable} to the bearer token of the ` +
        'endpoint, which is in the Secret of its ScimIntegration',
    );
  }
  return { idp, url, token, json: json ?? false };
}

function backupConfig(
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): BackupConfig {
  const { to } = resolveOptions(BACKUP_OPTIONS, flags, environment);
  return {
    ...directoryConfig(flags, environment),
    to: required('backup', BACKUP_OPTIONS.to, to),
  };
}

function restoreConfig(
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): RestoreConfig {
  const { from, ...toggles } = resolveOptions(RESTORE_OPTIONS, flags, environment);
  return {
    ...directoryConfig(flags, environment),
    from: required('restore', RESTORE_OPTIONS.from, from),
    ...toggles,
  };
}

function activityConfig(
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): ActivityConfig {
  const values = resolveOptions(ACTIVITY_OPTIONS, flags, environment);
  const tenant = required('activity', ACTIVITY_OPTIONS.tenant, values.tenant);
  return { ...directoryConfig(flags, environment), ...values, tenant };
}

function requestsConfig(
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): RequestsConfig {
  const { integration, output } = resolveOptions(REQUESTS_OPTIONS, flags, environment);
  return {
    ...directoryConfig(flags, environment),
    integration: required('requests', REQUESTS_OPTIONS.integration, integration),
    output,
  };
}

function directoryConfig(
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): DirectoryConfig {
  const values = resolveOptions(DIRECTORY_OPTIONS, flags, environment);
  const { databaseUrlFile: file } = values;
  return file === undefined
    ? values
    : { ...values, databaseUrl: databaseUrlOf(file, flags, environment) };
}

function copyConfig(
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): CopyConfig {
  const { logLevel } = OPTIONS;
  const values = resolveOptions({ ...COPY_OPTIONS, logLevel }, flags, environment);
  const from = required('copy', COPY_OPTIONS.from, values.from);
  const to = required('copy', COPY_OPTIONS.to, values.to);
  if (from === to) {
    throw new ConfigError(
      '--from and --to of copy name the same database; name an empty database with --to',
    );
  }
  return { from, to, logLevel: values.logLevel };
}

function required<T>(command: Command, option: Option<T>, value: T | undefined): T {
  if (value !== undefined) return value;
  const { flag, variable, allowed } = option;
  throw new ConfigError(`--${flag} (${variable}) is required by ${command}: ${allowed}`);
}

/** The options of commands that don't have all general ones. */
const ONLY: Partial<Record<Command, Readonly<Record<string, Option<unknown>>>>> = {
  probe: PROBE_OPTIONS,
  backup: { ...DIRECTORY_OPTIONS, ...BACKUP_OPTIONS },
  restore: { ...DIRECTORY_OPTIONS, ...RESTORE_OPTIONS },
  copy: { logLevel: OPTIONS.logLevel, ...COPY_OPTIONS },
  activity: { ...DIRECTORY_OPTIONS, ...ACTIVITY_OPTIONS },
  requests: { ...DIRECTORY_OPTIONS, ...REQUESTS_OPTIONS },
};

function checkFlags(command: Command, flags: ReadonlyMap<string, string>): void {
  const known = Object.values<Option<unknown>>(ONLY[command] ?? OPTIONS);
  for (const name of flags.keys()) {
    if (known.some(({ flag }) => flag === name)) continue;
    throw new ConfigError(`--${name} is not an option of ${command}; see --help`);
  }
}
