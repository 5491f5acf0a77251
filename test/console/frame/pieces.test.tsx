import { describe, expect, it } from 'vitest';
import { Confirm, Field, fieldAttributes } from '../../../src/console/frame/forms.tsx';
import {
  Card,
  Chip,
  CopyField,
  Facts,
  Stat,
  Tag,
  type Tone,
} from '../../../src/console/frame/pieces.tsx';
import { type Column, Pager, Table } from '../../../src/console/frame/table.tsx';
import { Time } from '../../../src/console/frame/time.tsx';
import type { SignInSession } from '../../../src/sso/sessions.ts';

const HOSTILE = `"><script>alert('x')</script>`;
const ESCAPED = '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;';

describe('the pieces of a page', () => {
  it('escape what they show', () => {
    const columns: Column[] = [HOSTILE, { title: HOSTILE, numeric: true }];
    const all = String(
      <>
        <Tag>{HOSTILE}</Tag>
        <CopyField id="a" label={HOSTILE} value={HOSTILE} />
        <Stat value={HOSTILE} label={HOSTILE} />
        <Facts of={[[HOSTILE, HOSTILE]]} />
        <Card title={HOSTILE}>{HOSTILE}</Card>
        <Table caption={HOSTILE} columns={columns} />
      </>,
    );
    expect(all).not.toContain('<script');
    expect(all).toContain(ESCAPED);
  });

  it('say a state with a word, a class and no style', () => {
    const tones: Tone[] = ['good', 'warn', 'bad', 'rest'];
    for (const tone of tones) {
      expect(String(<Chip tone={tone}>Ready</Chip>)).toBe(
        `<span class="chip ${tone}">Ready</span>`,
      );
    }
  });

  it('tie a field to its label, hint and error', () => {
    const html = String(
      <Field id="name" label="Name" hint="Any text" error="Enter a name">
        <input {...fieldAttributes({ id: 'name', hint: 'Any text', error: 'Enter a name' })} />
      </Field>,
    );
    expect(html).toContain('<label for="name">');
    expect(html).toContain('aria-invalid="true"');
    expect(html).toContain('aria-describedby="name-error name-hint"');
    expect(html).toContain('id="name-error"');
    expect(html).toContain('id="name-hint"');
  });

  it('confirm with what ends, what stays, the proof of the session and a way back', () => {
    const session = { csrf: 'proof' } as SignInSession;
    const html = String(
      <Confirm
        session={session}
        action="/console/acme/end"
        button="Remove"
        back="/console/acme"
        ends={['The token ends.']}
        stays={['People stay.']}
      />,
    );
    for (const part of ['The token ends.', 'People stay.', 'value="proof"', 'href="/console/acme"'])
      expect(html).toContain(part);
  });

  it('give the exact time with the time in words', () => {
    const now = Date.UTC(2026, 10, 29, 9);
    expect(String(<Time at={now - 12_000} now={now} />)).toBe(
      '<time datetime="2026-11-29T08:59:48.000Z" title="2026-11-29 08:59:48 UTC">12 s ago</time>',
    );
  });

  it('lead to the next page of a list, if there is one', () => {
    expect(String(<Pager shown="1–100 of 250" next="?after=x" />)).toContain('href="?after=x"');
    expect(String(<Pager shown="1–2 of 2" />)).not.toContain('href');
  });
});
