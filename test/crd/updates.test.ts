import { beforeAll, describe, expect, it } from 'vitest';
import { ID, type IntegrationFixture, integrationFixture, type Spec } from './fixture.ts';

let fixture: IntegrationFixture;

beforeAll(async () => {
  fixture = await integrationFixture();
});

describe('the tenant of an integration', () => {
  it.each<[string, Spec, Spec]>([
    ["can't be changed", { tenant: 'a' }, { tenant: 'b' }],
    ["can't be removed", { tenant: 'a' }, {}],
    ["can't be removed with the whole spec", { tenant: 'a' }, undefined],
    ["can't be set later", {}, { tenant: 'a' }],
    ["can't be set later on an object without a spec", undefined, { tenant: 'a' }],
  ])('%s', async (_, before, after) => {
    await expect(fixture.replaceSpec(before, after)).rejects.toThrow(
      /spec\.tenant: Invalid value: is immutable, even when unset/,
    );
  });

  it('can stay the same while other fields change', async () => {
    await fixture.replaceSpec({ tenant: 'a' }, { tenant: 'a', enabled: false });
    await fixture.replaceSpec(undefined, { enabled: false });
    await fixture.replaceSpec({ enabled: true }, undefined);
  });
});

describe('the integrationId of an integration', () => {
  it.each<[string, Spec, Spec]>([
    ["can't be changed", { integrationId: ID }, { integrationId: ID.toLowerCase() }],
    ["can't be removed", { integrationId: ID }, {}],
    ["can't be removed with the whole spec", { integrationId: ID }, undefined],
  ])('%s', async (_, before, after) => {
    await expect(fixture.replaceSpec(before, after)).rejects.toThrow(
      /spec\.integrationId: Invalid value: is immutable once set/,
    );
  });

  it('can be pinned later, but only to the current id of the integration', async () => {
    const { name } = (await fixture.create({})).metadata;
    await fixture.patchStatus(name, { observedGeneration: 1, integrationId: ID });
    const pin = (integrationId: string) => fixture.patch(name, { integrationId });
    await expect(pin(ID.toLowerCase())).rejects.toThrow(
      /spec\.integrationId: Invalid value: can only be set to the id that the integration already has/,
    );
    await pin(ID);
  });

  it('can be pinned while the integration has no id yet', async () => {
    await fixture.replaceSpec({}, { integrationId: ID });
  });
});
