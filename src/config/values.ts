/** The kinds of option values: how each is parsed and how its allowed values are described. */
import { parseDuration } from '../crd/duration.ts';
import { DatabaseRefusedError } from '../directory/database-errors.ts';
import { sqlitePath } from '../directory/database-url.ts';
import { isUnambiguous } from '../directory/kubernetes-names.ts';
import { parsePostgresUrl } from '../directory/postgres/connection/url.ts';

type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /** A reason takes the place of the value in the message, because it knows what it may show. */
  | { readonly ok: false; readonly reason?: string };

/** An option of type T. If the fallback is undefined, it need not have a value. */
export interface Option<T, Fallback extends string | undefined = string | undefined> {
  /** Without the dashes. */
  readonly flag: string;
  /** The environment variable. */
  readonly variable: string;
  readonly description: string;
  readonly fallback: Fallback;
  /** Completes "it must be …". */
  readonly allowed: string;
  /** Its value is never shown. */
  readonly secret?: boolean;
  /** The flag alone means true. */
  readonly toggle?: boolean;
  parse(text: string): Parsed<T>;
}

const REFUSED = { ok: false } as const;

function option<T, Fallback extends string | undefined>(
  flag: string,
  description: string,
  fallback: Fallback,
  allowed: string,
  parse: (text: string) => Parsed<T>,
): Option<T, Fallback> {
  const variable = `SCIM_OPERATOR_${flag.replaceAll('-', '_').toUpperCase()}`;
  return { flag, variable, description, fallback, allowed, parse };
}

export function text<Fallback extends string | undefined>(
  flag: string,
  description: string,
  fallback: Fallback,
): Option<string, Fallback> {
  return option(flag, description, fallback, 'non-empty text', (value) =>
    value === '' ? REFUSED : { ok: true, value },
  );
}

/** The API server's syntax: `-` stands for no prefix, which is returned as an empty string. */
export function usernamePrefix(flag: string, description: string, fallback: string) {
  const allowed =
    "a prefix such as oidc: or scim:{tenant}: that doesn't begin with system:, or - for none";
  return option(flag, description, fallback, allowed, (value) => {
    if (value === '' || /^system:/i.test(value) || !isUnambiguous(value)) return REFUSED;
    return { ok: true, value: value === '-' ? '' : value } satisfies Parsed<string>;
  });
}

export function integer(
  flag: string,
  description: string,
  fallback: string,
  least: number,
  most: number,
): Option<number, string> & { readonly least: number; readonly most: number } {
  const allowed = `a whole number from ${least} to ${most}`;
  const read = option<number, string>(flag, description, fallback, allowed, (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    return number >= least && number <= most ? { ok: true, value: number } : REFUSED;
  });
  return { ...read, least, most };
}

export function choice<T extends string, Fallback extends T | undefined>(
  flag: string,
  description: string,
  values: readonly T[],
  fallback: Fallback,
): Option<T, Fallback> {
  return option(flag, description, fallback, `one of ${values.join(', ')}`, (value) => {
    const chosen = values.find((each) => each === value);
    return chosen === undefined ? REFUSED : { ok: true, value: chosen };
  });
}

export function toggle<Fallback extends string | undefined>(
  flag: string,
  description: string,
  fallback: Fallback,
): Option<boolean, Fallback> {
  const read = option(flag, description, fallback, 'true or false', (value) =>
    value === 'true' || value === 'false' ? { ok: true, value: value === 'true' } : REFUSED,
  );
  return { ...read, toggle: true };
}

/** A value that an Authorization header can carry. */
export function secret(flag: string, description: string): Option<string, undefined> {
  const allowed = 'visible ASCII characters without spaces';
  const read = option(flag, description, undefined, allowed, (value) =>
    /^[!-~]+$/.test(value) ? { ok: true, value } : REFUSED,
  );
  return { ...read, secret: true };
}

/**
 * DNS labels, separated by commas, without duplicates. Empty text counts as unset and is returned
 * as undefined.
 */
export function names(
  flag: string,
  description: string,
): Option<readonly string[] | undefined, undefined> {
  const allowed =
    'names of at most 63 lower-case letters, digits and dashes, separated by commas, such as acme,globex';
  return option(flag, description, undefined, allowed, (value) => {
    if (value.trim() === '') return { ok: true, value: undefined };
    const labels = value.split(',').map((label) => label.trim());
    const known = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
    return known ? { ok: true, value: [...new Set(labels)] } : REFUSED;
  });
}

/** A Go duration, in milliseconds. */
export function duration(
  flag: string,
  description: string,
  fallback: string,
  least?: string,
): Option<number, string> {
  const bound = least === undefined ? '' : ` of at least ${least}`;
  const allowed = `a duration such as 90s, 10m or 24h${bound}`;
  return option(flag, description, fallback, allowed, (value) => {
    const milliseconds = parseDuration(value);
    const isEnough = (milliseconds ?? -1) >= (parseDuration(least ?? '0s') ?? 0);
    return milliseconds !== undefined && isEnough ? { ok: true, value: milliseconds } : REFUSED;
  });
}

/** A time, which may depend on the present; both are milliseconds since the epoch. */
type Moment = (now: number) => number;

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

/** A date in UTC, a time, or a Go duration before now. */
export function moment(flag: string, description: string): Option<Moment, undefined> {
  const allowed =
    'a date such as 2026-11-29, a time such as 2026-11-29T09:30:00Z, or a duration before now ' +
    'such as 24h';
  return option(flag, description, undefined, allowed, (value) => {
    const before = parseDuration(value);
    if (before !== undefined) return { ok: true, value: (now: number) => now - before };
    const at = TIME.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(at) ? REFUSED : { ok: true, value: () => at };
  });
}

/** An absolute http or https URL without a query or fragment. A trailing slash is dropped. */
export function httpUrl(flag: string, description: string): Option<string, undefined> {
  const allowed =
    'an http or https URL without a query or fragment, such as https://scim.example.com';
  return option(flag, description, undefined, allowed, (value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const extras = url && (url.search || url.hash || url.username || url.password);
    const plain = url && /^https?:$/.test(url.protocol) && !extras;
    return plain ? { ok: true, value: url.href.replace(/\/+$/, '') } : REFUSED;
  });
}

/** The path of a file, or `-` for standard input or output. */
export function filePath(flag: string, description: string): Option<string, undefined> {
  const allowed = 'the path of a file, or -';
  return option(flag, description, undefined, allowed, (value) =>
    value === '' || value.includes('://') ? REFUSED : { ok: true, value: sqlitePath(value) },
  );
}

const POSTGRES_URL = /^postgres(?:ql)?:\/\/[^/]*\/[^/?#]+/i;

export function databaseUrl<Fallback extends string | undefined>(
  flag: string,
  description: string,
  fallback: Fallback,
): Option<string, Fallback> {
  const allowed = 'file:PATH of a SQLite file, or postgres://USER:PASSWORD@HOST/DATABASE';
  return option(flag, description, fallback, allowed, (value) => {
    const isFile = /^file:(?!\/\/[^/])[^?#]+$/.test(value);
    if (isFile) return { ok: true, value };
    return POSTGRES_URL.test(value) && URL.canParse(value) ? postgresUrl(value) : REFUSED;
  });
}

function postgresUrl(value: string): Parsed<string> {
  try {
    parsePostgresUrl(value);
    return { ok: true, value };
  } catch (error) {
    if (error instanceof DatabaseRefusedError) return { ok: false, reason: error.message };
    throw error;
  }
}
