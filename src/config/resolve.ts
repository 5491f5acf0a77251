/** The values of options: from the flags, else the environment that is given, else the defaults. */
import type { Option } from './values.ts';

/**
 * A wrong option, in one line that names it, its value where that can't hold a secret, and what is
 * allowed. The process exits with 2.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Options = Readonly<Record<string, Option<unknown>>>;

/** The value of each option; undefined where nothing was given and the option has no fallback. */
export type ValuesOf<O extends Options> = {
  readonly [K in keyof O]: O[K] extends Option<infer T>
    ? O[K]['fallback'] extends string
      ? T
      : T | undefined
    : never;
};

/** Throws ConfigError for a value that is not allowed. */
export function resolveOptions<O extends Options>(
  options: O,
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): ValuesOf<O> {
  const values = Object.entries(options).map(([key, option]): [string, unknown] => [
    key,
    resolveOption(option, flags, environment),
  ]);
  return Object.fromEntries(values) as ValuesOf<O>;
}

function resolveOption(
  option: Option<unknown>,
  flags: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv,
): unknown {
  const flagged = flags.get(option.flag);
  const given = flagged ?? environmentValue(option, environment);
  const value = given ?? option.fallback;
  if (value === undefined) return undefined;
  const parsed = option.parse(value);
  if (parsed.ok) return parsed.value;
  const name = flagged === undefined ? option.variable : `--${option.flag}`;
  if (parsed.reason !== undefined) throw new ConfigError(`${name}: ${parsed.reason}`);
  const shown = option.secret ? 'the value' : shownValue(value);
  throw new ConfigError(`${name}: ${shown} is not allowed; it must be ${option.allowed}`);
}

/**
 * What may hold a password or a token, whichever option it was given to: URLs and connection
 * strings of whatever form, queries, our own tokens, long texts.
 */
const MAY_HOLD_SECRET = /[@=?#&]|:.*:|scim_|^.{100}/s;

/** A wrong argument as a message may show it. */
export function shownValue(value: string): string {
  return MAY_HOLD_SECRET.test(value) ? 'the value' : `"${value}"`;
}

/**
 * Kubernetes sets `SCIM_OPERATOR_PORT=tcp://…` in every pod beside a Service named scim-operator;
 * such a service link is not our option. An empty variable counts as unset, as charts write it.
 */
export function environmentValue(option: Option<unknown>, environment: NodeJS.ProcessEnv) {
  const value = environment[option.variable];
  return value === '' || /^(tcp|udp|sctp):\/\//.test(value ?? '') ? undefined : value;
}
