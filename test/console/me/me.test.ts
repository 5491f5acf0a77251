import { describe, expect, it } from 'vitest';
import { handMadeConsole } from '../../support/console/hand-made.ts';

const PERSON = { accessId: 'ada', userName: 'ada@acme.example', displayName: undefined };
const IDENTITY = { user: 'scim:ada@acme.example', groups: ['scim:acme', 'scim:acme:Engineering'] };

describe('the page about the visitor', () => {
  it('shows what kubectl auth whoami should print, and the provider by its title', async () => {
    const session = { tenant: 'acme', person: PERSON, via: 'okta', identity: IDENTITY };
    const html = await (await handMadeConsole({ session }).get('/console/me')).text();
    expect(html).toContain(
      '<pre>Username  scim:ada@acme.example\nGroups    [scim:acme scim:acme:Engineering]</pre>',
    );
    expect(html).toContain('through Okta');
  });

  it('asks a bounded number of questions, however many tenants there are', async () => {
    const tenants = Array.from({ length: 1_000 }, (_, n) => ({
      name: `team-${n}`,
      namespaces: [`team-${n}`],
    }));
    const { get, asked } = handMadeConsole({ tenants, may: () => false });
    const html = await (await get('/console/me')).text();
    expect(html).toContain('You have no permission in the tenants that were looked at.');
    expect(asked.length).toBeLessThan(600);
  });
});
