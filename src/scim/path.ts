/**
 * Paths of PATCH operations (RFC 7644 §3.5.2, figure 7): `name.familyName`,
 * `emails[type eq "work"].value`.
 */

import { formatAttributePath, parseAttributePath } from './attribute-path.ts';
import { invalidPath } from './error.ts';
import type { AttributePath, Filter } from './filter.ts';
import { parseBracketed, printFilter } from './filter-parser.ts';
import { Scanner, SyntaxFault } from './scanner.ts';

export interface PatchPath {
  readonly path: AttributePath;
  /** Selects elements of a multi-valued attribute. */
  readonly filter: Filter | undefined;
  /** The sub-attribute after the brackets. */
  readonly sub: string | undefined;
}

/** Throws invalidPath. */
export function parsePath(text: string): PatchPath {
  try {
    const scanner = new Scanner(text.trim());
    const path = parseAttributePath(scanner.pathText());
    const filter = scanner.take('[') ? parseBracketed(scanner) : undefined;
    const sub = filter !== undefined && scanner.take('.') ? scanner.pathText() : undefined;
    if (!scanner.atEnd) throw scanner.fault('the end of the path');
    return { path, filter, sub };
  } catch (error) {
    if (error instanceof SyntaxFault) throw invalidPath(`the path ${error.message}`);
    throw error;
  }
}

export function printPath({ path, filter, sub }: PatchPath): string {
  const brackets = filter === undefined ? '' : `[${printFilter(filter)}]`;
  return `${formatAttributePath(path)}${brackets}${sub === undefined ? '' : `.${sub}`}`;
}
