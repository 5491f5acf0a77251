/**
 * Plays the sequences of identity providers in full over HTTP and checks the resulting directory.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { playSequence } from '../../src/probe/player.ts';
import { IDPS, SEQUENCES } from '../../src/probe/sequences.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import { DATABASES } from '../support/directory/databases.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

/** Resources as clients write them, except that members are given by name. */
interface Directory {
  readonly users: readonly JsonObject[];
  readonly groups: readonly (JsonObject & { readonly members?: readonly string[] })[];
}

const readDirectory = (name: string): Directory =>
  JSON.parse(readFileSync(new URL(`../idp/${name}.json`, import.meta.url), 'utf8'));

describe.each(DATABASES)('on %s', (_, open) => {
  let server: ScimServer;
  beforeAll(async () => {
    server = await startScimServer({ open });
  });
  afterAll(() => server.close());

  describe.each(IDPS)('%s', (name) => {
    const after = readDirectory(name);
    const sequence = SEQUENCES[name];

    it.each([
      ['an empty directory', { users: [], groups: [] }],
      ['a directory with other resources, which it leaves alone', readDirectory('before')],
    ])(
      'gets what it needs at every step and produces the expected directory, in %s',
      async (title, there) => {
        const tenant = `${name}-${title.length}`;
        await fill(await server.addIntegration({ tenant }), there);
        const client = await server.addIntegration({ tenant });
        const problems: string[] = [];
        for await (const { step, problem, reason } of playSequence(sequence, {
          ...client,
          strict: true,
        })) {
          if (problem !== undefined || reason !== undefined) {
            problems.push(`${step.name}: ${reason ?? JSON.stringify(problem)}`);
          }
        }
        expect(problems).toEqual([]);
        expect(await read(client)).toEqual({
          users: [...there.users, ...after.users],
          groups: [...there.groups, ...after.groups],
        });
      },
    );
  });
});

async function fill(client: ScimClient, { users, groups }: Directory): Promise<void> {
  const ids = new Map<string, string>();
  for (const user of users) {
    ids.set(String(user.userName), (await client.send('POST', '/Users', user)).id);
  }
  for (const { members = [], ...group } of groups) {
    const values = members.map((member) => ({ value: ids.get(member) }));
    ids.set(
      String(group.displayName),
      (await client.send('POST', '/Groups', { ...group, members: values })).id,
    );
  }
}

/** Reads the directory in order of creation, without what the server adds. */
async function read(client: ScimClient): Promise<Directory> {
  const list = async (path: string) =>
    (await client.send('GET', path)).body.Resources as unknown as readonly JsonObject[];
  const [users, groups] = [await list('/Users'), await list('/Groups')];
  const names = new Map(
    [...users, ...groups].map(({ id, userName, displayName }) => [id, userName ?? displayName]),
  );
  const asWritten = ({ id, meta, schemas, groups: _, members, ...own }: JsonObject) => ({
    ...own,
    ...(members === undefined
      ? {}
      : {
          members: (members as unknown as JsonObject[]).map(({ value }) => names.get(value ?? '')),
        }),
  });
  return { users: users.map(asWritten), groups: groups.map(asWritten) } as Directory;
}
