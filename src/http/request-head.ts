/**
 * What a request's headers must be before anything is made of them; Node itself drops the second of
 * two.
 */
import type { IncomingMessage } from 'node:http';
import { invalidSyntax, type ScimError } from '../scim/error.ts';

/**
 * Headers that mean one thing: with two of them, two servers could understand two different
 * requests.
 */
const SINGLE = new Map([
  [4, 'host'],
  [12, 'content-type'],
]);

/**
 * RFC 9112 §3.2 for Host, RFC 9110 §5.3 for the rest. Two of Authorization are a token that is not
 * valid.
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
