import { describe, expect, it } from 'vitest';
import { chromiumPath } from '../../../hack/browser/find.ts';

const machineWith =
  (...paths: readonly string[]) =>
  (path: string) =>
    paths.includes(path);

describe('the browser of the tests', () => {
  it('is the one that CHROMIUM names', () => {
    const exists = machineWith('/opt/chrome', '/usr/bin/chromium');
    expect(chromiumPath({ CHROMIUM: '/opt/chrome', PATH: '/usr/bin' }, exists)).toBe('/opt/chrome');
    expect(() => chromiumPath({ CHROMIUM: '/missing', PATH: '/usr/bin' }, exists)).toThrow(
      'CHROMIUM is /missing, which does not exist',
    );
  });

  it('is otherwise the first Chromium or Chrome on PATH', () => {
    const exists = machineWith('/b/google-chrome', '/c/chromium');
    expect(chromiumPath({ PATH: '/a:/b:/c' }, exists)).toBe('/b/google-chrome');
  });

  it('is missed with one line that says what to install', () => {
    expect(() => chromiumPath({ PATH: '/a' }, machineWith())).toThrow(
      /^no Chromium was found; install it \(.*apt-get install chromium.*\), or set CHROMIUM to .*$/,
    );
  });
});
