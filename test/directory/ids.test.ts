import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globalUserId, idGenerator, newId, newIntegrationId } from '../../src/directory/ids.ts';

const UUID = (version: number) =>
  new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);

describe('ids of resources', () => {
  it('are UUIDs of version 7 that contain the time', () => {
    const id = idGenerator(() => Date.UTC(2026, 0, 1))();
    expect(id).toMatch(UUID(7));
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(Date.UTC(2026, 0, 1));
    expect(newId()).toMatch(UUID(7));
  });

  it('sort in the order of creation, however the clock moves', () => {
    const steps = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(steps, (moves) => {
        let now = Date.UTC(2026, 0, 1);
        const next = idGenerator(() => now);
        const ids = moves.map((move) => {
          now += move;
          return next();
        });
        expect(ids.toSorted()).toEqual(ids);
      }),
    );
  });

  it('sort in the order of creation even if a millisecond brings more than the counter holds', () => {
    const next = idGenerator(() => Date.UTC(2026, 0, 1));
    const ids = Array.from({ length: 10_000 }, next);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(10_000);
    expect(ids.every((id) => UUID(7).test(id))).toBe(true);
  });
});

describe('the id of a global user', () => {
  it('follows from the userName, whatever the case and the form of its letters', () => {
    const id = globalUserId('garcía@example.com');
    expect(id).toMatch(UUID(8));
    expect(globalUserId('GARCÍA@example.com')).toBe(id);
    expect(globalUserId('garci\u0301a@example.com')).toBe(id);
    expect(globalUserId('garcia@example.com')).not.toBe(id);
  });
});

describe('the id of an integration', () => {
  it('has 21 characters of the URL-safe alphabet', () => {
    expect(newIntegrationId()).toMatch(/^[A-Za-z0-9_-]{21}$/);
    expect(newIntegrationId()).not.toBe(newIntegrationId());
  });
});
