/** The token in the Secret of the demo's integration. */
import type { Client } from '../../src/kube/client.ts';
import { type Secret, textOf } from '../../src/kube/objects.ts';
import { SECRETS } from '../../src/kube/resource.ts';
import type { Endpoint } from './ready.ts';

const EVERY_MS = 1_000;

/** Undefined if the Secret has none. Rejects if there is no Secret. */
export async function readToken(
  client: Client,
  { namespace, secretName }: Pick<Endpoint, 'namespace' | 'secretName'>,
): Promise<string | undefined> {
  return textOf(await client.get<Secret>(SECRETS, { namespace, name: secretName }), 'token');
}

/** Calls `onChange` with each token that replaces the one before. Returns a function that stops. */
export function followToken(
  client: Client,
  endpoint: Endpoint,
  onChange: (token: string) => void,
): () => void {
  let last = endpoint.token;
  const look = async () => {
    const current = await readToken(client, endpoint).catch(() => undefined);
    if (current === undefined || current === last) return;
    last = current;
    onChange(current);
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  return () => clearInterval(timer);
}
