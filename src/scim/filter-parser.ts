/**
 * Parses and prints filters (RFC 7644 §3.4.2.2, figure 1). For deviations that real clients need,
 * see quirks/filter.ts.
 */

import { formatAttributePath, parseAttributePath } from './attribute-path.ts';
import { invalidFilter } from './error.ts';
import { type AttributePath, COMPARE_OPERATORS, type Filter, type Literal } from './filter.ts';
import { comparisonBehindBrackets } from './quirks/filter.ts';
import { Scanner, SyntaxFault } from './scanner.ts';

/** Throws invalidFilter. */
export function parseFilter(text: string): Filter {
  try {
    const scanner = new Scanner(text);
    const filter = parseOr(scanner);
    if (!scanner.atEnd) throw scanner.fault('"and", "or" or the end of the filter');
    return filter;
  } catch (error) {
    if (error instanceof SyntaxFault) throw invalidFilter(`the filter ${error.message}`);
    throw error;
  }
}

/**
 * Parses the filter inside `[…]`. The opening bracket is already consumed; the closing one is
 * consumed here.
 */
export function parseBracketed(scanner: Scanner): Filter {
  scanner.enter();
  const filter = parseOr(scanner);
  scanner.expect(']');
  scanner.leave();
  return filter;
}

function parseOr(scanner: Scanner): Filter {
  return parseChain(scanner, 'or', () => parseChain(scanner, 'and', () => parseTerm(scanner)));
}

function parseChain(scanner: Scanner, keyword: 'and' | 'or', parseNext: () => Filter): Filter {
  const terms = [parseNext()];
  scanner.skipSpace();
  while (scanner.takeKeyword(keyword)) {
    terms.push(parseNext());
    scanner.skipSpace();
  }
  const [only] = terms;
  return terms.length === 1 && only !== undefined ? only : { kind: keyword, terms };
}

function parseTerm(scanner: Scanner): Filter {
  scanner.skipSpace();
  if (scanner.takeKeyword('not')) {
    scanner.skipSpace();
    scanner.expect('(');
    return { kind: 'not', term: parseGroup(scanner) };
  }
  return scanner.take('(') ? parseGroup(scanner) : parseExpression(scanner);
}

function parseGroup(scanner: Scanner): Filter {
  scanner.enter();
  const filter = parseOr(scanner);
  scanner.expect(')');
  scanner.leave();
  return filter;
}

function parseExpression(scanner: Scanner): Filter {
  const path = parseAttributePath(scanner.pathText());
  if (!scanner.take('[')) return parseComparison(scanner, path);
  const filter = parseBracketed(scanner);
  if (!scanner.take('.')) return { kind: 'any', path, filter };
  const sub = { urn: undefined, name: scanner.pathText(), sub: undefined };
  return comparisonBehindBrackets(path, filter, parseComparison(scanner, sub));
}

function parseComparison(scanner: Scanner, path: AttributePath): Filter {
  scanner.countTerm();
  scanner.skipSpace();
  const start = scanner.position;
  const word = scanner.word().toLowerCase();
  if (word === 'pr') return { kind: 'present', path };
  const operator = COMPARE_OPERATORS.find((each) => each === word);
  if (operator === undefined)
    throw scanner.fault(`pr or one of ${COMPARE_OPERATORS.join(', ')}`, start);
  scanner.skipSpace();
  return { kind: 'compare', path, operator, value: scanner.literal() };
}

/**
 * The text of a parsed filter in its one canonical form; parseFilter reads it back as the same
 * tree.
 */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.terms.map(printOperand).join(` ${filter.kind} `);
    case 'not':
      return `not (${printFilter(filter.term)})`;
    case 'present':
      return `${formatAttributePath(filter.path)} pr`;
    case 'compare':
      return `${formatAttributePath(filter.path)} ${filter.operator} ${printLiteral(filter.value)}`;
    case 'any':
      return `${formatAttributePath(filter.path)}[${printFilter(filter.filter)}]`;
  }
}

function printOperand(term: Filter): string {
  return term.kind === 'and' || term.kind === 'or' ? `(${printFilter(term)})` : printFilter(term);
}

function printLiteral(value: Literal): string {
  return JSON.stringify(value);
}
