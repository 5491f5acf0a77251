/** Resolves each option from its flag, its environment variable or its default, in that order. */
import type { Option } from './values.ts';

/**
 * An invalid option. The message is one line that names the option, its value unless it may hold a
 * secret, and the allowed values. The process exits with 2.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Options = Readonly<Record<string, Option<unknown>>>;

/** The value of each option, or undefined if it was not given and has no fallback. */
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
  const shown = option.secret || mayHoldSecret(value) ? 'the value' : `"${value}"`;
  throw new ConfigError(`${name}: ${shown} is not allowed; it must be ${option.allowed}`);
}

/**
 * Whether a value may contain a password or a token, whichever option it was given to: URLs and
 * connection strings of any form, queries, our own tokens, long texts.
 */
export function mayHoldSecret(value: string): boolean {
  return /[@=?#&]|:.*:|scim_|^.{100}/s.test(value);
}

/**
 * Kubernetes sets `SCIM_OPERATOR_PORT=tcp://…` in every pod of a namespace that has a Service named
 * scim-operator. Such a service link is ignored. An empty variable counts as unset, because charts
 * write variables that way.
 */
export function environmentValue(option: Option<unknown>, environment: NodeJS.ProcessEnv) {
  const value = environment[option.variable];
  return value === '' || ADDRESS.test(value ?? '') ? undefined : value;
}

const ADDRESS = /^(?:tcp|udp|sctp):\/\//;
/** Such as `…_SERVICE_HOST`, `…_SERVICE_PORT_HTTP` and `…_PORT_8080_TCP_ADDR`. */
const LINK =
  /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;

/** Whether Kubernetes sets the variable for a Service whose name begins with scim-operator. */
export const isServiceLink = (name: string, value: string): boolean =>
  ADDRESS.test(value) || LINK.test(name);
