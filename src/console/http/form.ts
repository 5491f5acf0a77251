/** Reads the body of a form, within a limit. */
import type { ConsoleRequest } from '../context.ts';
import { badRequest, PageError } from '../frame/page-error.ts';

/** No form of the console comes near it. */
const MAX_FORM_BYTES = 64 * 1_024;

const FORM_TYPE = /^application\/x-www-form-urlencoded(?:\s*;.*)?$/i;

/** Throws PageError 400, 413 or 415. */
export async function readForm(c: ConsoleRequest): Promise<URLSearchParams> {
  const request = c.req.raw;
  if (!FORM_TYPE.test(request.headers.get('content-type') ?? '')) {
    throw new PageError(415, 'This address only takes forms', {
      unchanged: 'Nothing was changed.',
      advice: 'Use the form on the page.',
    });
  }
  if (Number(request.headers.get('content-length') ?? 0) > MAX_FORM_BYTES) throw tooLarge();
  c.env?.admitBody?.();
  const reader = request.body?.getReader();
  if (reader === undefined) return new URLSearchParams();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw badRequest('The form ended early', 'Send it again.');
    });
    if (done) return new URLSearchParams(Buffer.concat(chunks, size).toString('utf8'));
    size += value.length;
    if (size > MAX_FORM_BYTES) throw tooLarge();
    chunks.push(value);
  }
}

const tooLarge = (): PageError =>
  new PageError(413, 'The form is too large', {
    unchanged: 'Nothing was changed.',
    advice: `A form may have ${MAX_FORM_BYTES / 1_024} KiB. Shorten what you have entered.`,
  });
