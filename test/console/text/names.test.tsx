import { describe, expect, it } from 'vitest';
import { MaybeLink, safeAddress } from '../../../src/console/text/links.tsx';
import { Name, plainName, shortenName } from '../../../src/console/text/names.tsx';

const RIGHT_TO_LEFT = '\u202Egnp.ada\u202C';

describe('a name from the directory', () => {
  it('is escaped, and isolated from the direction of the text around it', () => {
    expect(String(<Name of="<script>alert(1)</script>עדה" />)).toBe(
      '<bdi>&lt;script&gt;alert(1)&lt;/script&gt;עדה</bdi>',
    );
  });

  it('is not reversed by what it contains', () => {
    for (const whole of [false, true]) {
      expect(String(<Name of={RIGHT_TO_LEFT} whole={whole} />)).toBe(
        '<bdi>\uFFFDgnp.ada\uFFFD</bdi>',
      );
    }
  });

  it('is shortened to 80 characters in lists, and whole on request', () => {
    const long = 'x'.repeat(1_000);
    expect(String(<Name of={long} />)).toBe(`<bdi>${'x'.repeat(79)}…</bdi>`);
    expect(String(<Name of={long} whole />)).toContain(long);
  });

  it('is never cut within a character', () => {
    const short = shortenName('😀'.repeat(500));
    expect(short).toBe(`${'😀'.repeat(79)}…`);
    expect(shortenName('😀'.repeat(60))).toBe('😀'.repeat(60));
  });

  it('loses controls and marks of direction where it cannot be isolated', () => {
    expect(plainName(`a\r\nb\u0000${RIGHT_TO_LEFT}\u2067c`)).toBe('a  b  gnp.ada  c');
  });
});

describe('an address from the directory', () => {
  it.each(['https://example.com/a?b=c', 'http://example.com/', 'mailto:ada@acme.example'])(
    'is a link if it is %s',
    (value) => {
      expect(safeAddress(value)).toBe(value);
      expect(String(<MaybeLink value={value} />)).toContain(`href="${value}"`);
    },
  );

  it.each([
    'javascript:alert(1)',
    ' java\nscript:alert(1)',
    'JAVASCRIPT:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    '//example.com',
    '/logout',
    'ada@acme.example',
    '',
  ])('is text if it is %j', (value) => {
    expect(safeAddress(value)).toBeUndefined();
    expect(String(<MaybeLink value={value} />)).not.toContain('href');
  });

  it('cannot leave its attribute', () => {
    const html = String(<MaybeLink value={'https://example.com/"onclick="alert(1)'} />);
    expect(html).toContain('href="https://example.com/%22onclick=%22alert(1)"');
  });
});
