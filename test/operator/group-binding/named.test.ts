/** Members that are named after their e-mail addresses, and each tenant's by itself. */
import { describe, expect, it } from 'vitest';
import type { NamingRule } from '../../../src/directory/kubernetes-names.ts';
import { eventually } from '../../support/eventually.ts';
import { useOperator } from '../../support/operator/fixture.ts';
import { BINDING_RULES, People, TestGroupBinding } from '../../support/operator/group-bindings.ts';

const naming: NamingRule = { prefix: 'scim:{tenant}:', from: 'email', case: 'lower' };
const fixture = useOperator({ rules: BINDING_RULES, starts: { groupBindings: { naming } } });

const emailed = (value: string) => ({ emails: [{ value, type: 'work' }] });

describe('members that are named after their e-mail addresses', () => {
  it('keep the role while they have one that is clear, and are named if they have none', async () => {
    const binding = await TestGroupBinding.create(fixture.admin);
    const { namespace: tenant } = binding;
    const people = new People(fixture.store, tenant);
    const userNames = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus'];
    await people.add(...userNames);
    await people.changeUser('ann', emailed('Ann@Acme.example'));
    await people.group({ displayName: 'Staff' }, userNames);
    await binding.binds(`scim:${tenant}:ann@acme.example`);
    const messages = (text: string) =>
      eventually(async () =>
        expect((await binding.condition('Ready'))?.message).toBe(
          `Members who have Role reader: ${text}`,
        ),
      );
    await messages(
      '1; members left out, who have no primary, work or only e-mail address: ' +
        '6 (bob, cid, dan, eve, fay and 1 more)',
    );
    await people.changeUser('ann', emailed('ann@new.example'));
    await people.changeUser('bob', emailed('bob@acme.example'));
    for (const each of userNames.slice(2)) await people.deleteUser(each);
    await binding.binds(`scim:${tenant}:ann@new.example`, `scim:${tenant}:bob@acme.example`);
    await messages('2');
    await people.changeUser('ann', { emails: [] });
    await binding.binds(`scim:${tenant}:bob@acme.example`);
    await messages(
      '1; members left out, who have no primary, work or only e-mail address: 1 (ann)',
    );
  });
});
