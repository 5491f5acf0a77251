/** Follows the token in the Secret of the demo's integration. */
import type { Client } from '../../src/kube/client.ts';
import { type Secret, textOf } from '../../src/kube/objects.ts';
import { SECRETS } from '../../src/kube/resource.ts';
import type { Endpoint } from './ready.ts';

const EVERY_MS = 1_000;

/** Calls `onChange` with each token that replaces the one before. Returns a function that stops. */
export function followToken(
  client: Client,
  { namespace, secretName, token }: Endpoint,
  onChange: (token: string) => void,
): () => void {
  let last = token;
  const look = async () => {
    const key = { namespace, name: secretName };
    const secret = await client.get<Secret>(SECRETS, key).catch(() => undefined);
    const current = secret && textOf(secret, 'token');
    if (current === undefined || current === last) return;
    last = current;
    onChange(current);
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  return () => clearInterval(timer);
}
