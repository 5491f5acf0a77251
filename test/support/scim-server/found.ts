/** What a filter finds. */
import { expect } from 'vitest';
import type { JsonObject } from '../../../src/scim/json.ts';
import type { ScimClient } from './server.ts';

/** The ids that the filter finds, which are the same in a URL and in a search. */
export async function idsFoundBy(
  client: ScimClient,
  path: string,
  filter: string,
): Promise<readonly string[]> {
  const answers = [
    await client.send('GET', `${path}?filter=${encodeURIComponent(filter)}`),
    await client.send('POST', `${path}/.search`, { filter }),
  ];
  const ids = answers.map(({ status, text, body }) => {
    expect(status, `${filter}: ${text}`).toBe(200);
    return (body.Resources as JsonObject[]).map(({ id }) => String(id));
  });
  expect(ids[0]).toEqual(ids[1]);
  return ids[0] ?? [];
}
