/**
 * A process that creates users in the given directory forever, and prints each acknowledged one.
 */
import { newId } from '../../../src/directory/ids.ts';
import { openDirectory } from '../../../src/directory/open.ts';

const [, , path = '', prefix = ''] = process.argv;
const store = await openDirectory(`file:${path}`);
const scope = { tenant: 'acme', integrationId: 'okta' };
const attributes = { displayName: `staff ${prefix}` };
const { group } = await store.groups.create(scope, { id: newId(), attributes, members: [], at: 0 });

async function writeForever(lane: number): Promise<never> {
  for (let n = 0; ; n++) {
    const id = newId();
    const userName = `${prefix}-${lane}-${n}`;
    await store.users.create(scope, { id, attributes: { userName, active: true }, at: 0 });
    await store.groups.change(
      scope,
      group.id,
      (current) => current.profile.attributes,
      [{ kind: 'add', values: [id] }],
      0,
    );
    process.stdout.write(`${id}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, lane) => writeForever(lane)));
