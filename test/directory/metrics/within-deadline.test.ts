import { describe, expect, it } from 'vitest';
import { withinDeadline } from '../../../src/directory/metrics/within-deadline.ts';

describe("a question that can't be waited for long", () => {
  it('is answered', async () => {
    await expect(withinDeadline(async () => 'yes')()).resolves.toBe('yes');
  });

  it('is undefined if it fails', async () => {
    await expect(
      withinDeadline(() => Promise.reject(new Error('away')))(),
    ).resolves.toBeUndefined();
  });

  it('is given up at the deadline, and not asked again while it hangs', async () => {
    let asked = 0;
    const pending: ((answer: string) => void)[] = [];
    const ask = withinDeadline(() => {
      asked += 1;
      return new Promise<string>((resolve) => pending.push(resolve));
    }, 5);
    expect(await ask()).toBeUndefined();
    expect(await ask()).toBeUndefined();
    expect(asked).toBe(1);
    const late = ask();
    pending[0]?.('at last');
    expect(await late).toBe('at last');
    expect(await ask()).toBeUndefined();
    expect(asked).toBe(2);
  });
});
