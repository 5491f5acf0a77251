/**
 * Everything about ETags: how a version becomes one, and what If-Match and If-None-Match say about
 * it (RFC 7644 §3.14, RFC 9110 §13.1).
 */
import { preconditionFailed } from './error.ts';

/**
 * The digest distinguishes responses that share a version, such as those of a user before and after
 * a change of groups.
 */
export function etag(version: number, digest?: string): string {
  return `W/"${version}${digest === undefined ? '' : `.${digest}`}"`;
}

const TAG = /(?:W\/)?"(\d{1,15})(?:\.[^"]*)?"/;

/** The ETag of the version alone, without a digest; undefined for a tag that is not ours. */
export function versionTag(tag: string): string | undefined {
  const [whole, version] = TAG.exec(tag.trim()) ?? [];
  return version !== undefined && whole === tag.trim() ? etag(Number(version)) : undefined;
}

/** The versions that a write accepts, such as a set of them; undefined accepts any. */
export type IfMatch = { has(version: number): boolean } | undefined;

/**
 * The versions that If-Match and If-None-Match allow a write to change; undefined without either,
 * because a write that accepts any version need not read the current one.
 */
export function ifMatchOf(ifMatch: string | undefined, ifNoneMatch: string | undefined): IfMatch {
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined;
  const wanted = versionsIn(ifMatch) ?? ANY;
  const unwanted = versionsIn(ifNoneMatch);
  return { has: (version) => wanted.has(version) && !unwanted?.has(version) };
}

/** Throws preconditionFailed for a version that the write does not accept. */
export function checkVersion(version: number, ifMatch: IfMatch): void {
  if (ifMatch !== undefined && !ifMatch.has(version)) throw preconditionFailed();
}

/** Whether an If-None-Match names the current ETag (weak comparison, RFC 9110 §13.1.2). */
export function matchesEtag(header: string, current: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some((tag) => opaque(tag) === opaque(current));
}

const ANY = { has: () => true };

function versionsIn(header: string | undefined): IfMatch {
  return header === undefined ? undefined : (parseIfMatch(header) ?? ANY);
}

/** The versions that a header names; undefined for `*`. Tags that are not ours match nothing. */
export function parseIfMatch(header: string): ReadonlySet<number> | undefined {
  if (header.trim() === '*') return undefined;
  const tags = [...header.matchAll(new RegExp(TAG, 'g'))];
  return new Set(tags.map((tag) => Number(tag[1])));
}
