/**
 * Checks the headers of a request before it is interpreted. Node itself drops the second of two
 * equal headers.
 */
import type { IncomingMessage } from 'node:http';
import { invalidSyntax, type ScimError } from '../scim/error.ts';

/**
 * Headers that must not be repeated: with two of them, two servers could understand two different
 * requests.
 */
const SINGLE = new Map([
  [4, 'host'],
  [12, 'content-type'],
]);

/**
 * RFC 9112 §3.2 for Host, RFC 9110 §5.3 for Content-Type. Two Authorization headers are treated as
 * an invalid token.
 */
export function faultInHead({ rawHeaders, httpVersion }: IncomingMessage): ScimError | undefined {
  let hosts = 0;
  let types = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const single = SINGLE.get(name.length);
    if (single === undefined || name.toLowerCase() !== single) continue;
    if (single === 'host') hosts++;
    else types++;
  }
  if (hosts > 1) return invalidSyntax('the request has more than one Host header');
  if (types > 1) return invalidSyntax('the request has more than one Content-Type header');
  // RFC 9112 §3.2
  if (hosts === 0 && httpVersion === '1.1') return invalidSyntax('the request has no Host header');
  return undefined;
}
