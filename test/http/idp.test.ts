/** The sequences of identity providers, played against a server over HTTP. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playSequence } from '../../src/probe/player.ts';
import type { Sequence } from '../../src/probe/sequence.ts';
import { type ScimServer, startScimServer } from '../support/scim-server.ts';

let server: ScimServer;
beforeAll(async () => {
  server = await startScimServer();
});
afterAll(() => server.close());

describe.each(['okta', 'entra', 'authentik', 'keycloak'])('%s', (name) => {
  it('gets what it needs at every step', async () => {
    const sequence: Sequence = JSON.parse(
      readFileSync(new URL(`../idp/${name}.json`, import.meta.url), 'utf8'),
    );
    const client = await server.addIntegration({ tenant: name });
    const problems: string[] = [];
    let steps = 0;
    for await (const { step, problem } of playSequence(sequence, client)) {
      steps++;
      if (problem !== undefined) problems.push(`${step.name}: ${problem}`);
    }
    expect(problems).toEqual([]);
    expect(steps).toBe(sequence.steps.length);
  });
});
