import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { interned } from '../../src/kube/interning.ts';

describe('an interned object', () => {
  it('is what it was', () => {
    const text =
      '{"a":"","b":["v1","007","7",7,null,true,{"v1":"ü 😀"}],"__proto__":{"c":"v1"},"d":{"__proto__":"v1"}}';
    const object: unknown = JSON.parse(text);
    expect(interned(object)).toBe(object);
    expect(JSON.stringify(object)).toBe(text);
  });

  it('shares its texts with the others', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const json = JSON.stringify({ message: 'The same for all. '.repeat(1_000), owners: ['a'] });
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = heap();
    const objects = Array.from({ length: 1_000 }, () => interned<unknown>(JSON.parse(json)));
    expect(heap() - before).toBeLessThan(json.length * 100);
    expect(objects).toHaveLength(1_000);
  });
});
