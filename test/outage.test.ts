import { describe, expect, it } from 'vitest';
import { Outage } from '../src/outage.ts';

describe('an outage', () => {
  it('begins and ends once, however often it is reported', () => {
    const outage = new Outage();
    expect(outage.begins()).toBe(true);
    expect(outage.begins()).toBe(false);
    expect(outage.ends()).toBe(true);
    expect(outage.ends()).toBe(false);
  });

  it('does not end if none began', () => {
    expect(new Outage().ends()).toBe(false);
  });

  it('begins again after its end', () => {
    const outage = new Outage();
    outage.begins();
    outage.ends();
    expect(outage.begins()).toBe(true);
  });

  it('begins once for each kind of trouble, even if they alternate, and ends for all of them', () => {
    const outage = new Outage();
    const kinds = ['refused', 'away', 'refused', 'away'];
    expect(kinds.map((kind) => outage.begins(kind))).toEqual([true, true, false, false]);
    expect(outage.ends()).toBe(true);
    expect(outage.ends()).toBe(false);
  });

  it('continues after more kinds of trouble than it remembers', () => {
    const outage = new Outage();
    for (let index = 0; index < 1000; index++) outage.begins(`message ${index}`);
    expect(outage.begins('message 999')).toBe(false);
    expect(outage.ends()).toBe(true);
  });
});
