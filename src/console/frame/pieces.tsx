/** The few pieces that pages are made of. */
import type { Child } from 'hono/jsx';

export type Tone = 'good' | 'warn' | 'bad' | 'rest';

/** A word with a shape of its own for each tone, so that colour never speaks alone. */
export const Chip = ({ tone, children }: { tone: Tone; children?: Child }) => (
  <span class={`chip ${tone}`}>{children}</span>
);

export const Tag = ({ children }: { children?: Child }) => <span class="tag">{children}</span>;

interface CardProps {
  readonly title: string;
  /** Small text at the end of the title's line. */
  readonly aside?: Child;
  /** With an id and `live`, the script replaces the card every `live` seconds. */
  readonly id?: string;
  readonly live?: number | undefined;
  /** Without the padding that text needs, for tables and lists of filters. */
  readonly flush?: boolean;
  readonly children?: Child;
}

export const Card = ({ title, aside, id, live, flush = false, children }: CardProps) => (
  <section class="card" id={id} data-live={live}>
    <h2>
      {title}
      {aside !== undefined && <small>{aside}</small>}
    </h2>
    {flush ? children : <div class="body">{children}</div>}
  </section>
);

/** What to do next, where there is nothing to show yet. */
export const Empty = ({ title, children }: { title: string; children?: Child }) => (
  <div class="empty">
    <p>
      <b>{title}</b>
    </p>
    {children}
  </div>
);

interface NoticeProps {
  readonly tone?: 'warn' | 'bad' | 'good';
  readonly title: string;
  readonly children?: Child;
}

/** Read out by screen readers as soon as it appears. */
export const Notice = ({ tone, title, children }: NoticeProps) => (
  <div
    class={tone === undefined ? 'note' : `note ${tone}`}
    role={tone === 'bad' ? 'alert' : 'status'}
  >
    <b>{title}</b>
    {children}
  </div>
);

interface CopyFieldProps {
  readonly id: string;
  /** The name of the field at the identity provider. */
  readonly label: string;
  readonly value: string;
  readonly hint?: Child;
}

/** A value to be entered elsewhere. */
export const CopyField = ({ id, label, value, hint }: CopyFieldProps) => (
  <div class="field">
    <label for={id}>{label}</label>
    {/* Paper shows the whole value, which an input would cut off. */}
    <div class="copy" data-value={value}>
      <input id={id} value={value} readonly autocomplete="off" spellcheck={false} />
      <button class="button scripted" type="button" data-copy={id}>
        <span aria-live="polite">Copy</span> <span class="unseen">{label}</span>
      </button>
    </div>
    {hint !== undefined && <small>{hint}</small>}
  </div>
);

/** A number that the page is about. */
export const Stat = ({ value, label, href }: { value: string; label: string; href?: string }) => (
  <div class="stat">
    <b>{value}</b>
    {href === undefined ? <span>{label}</span> : <a href={href}>{label}</a>}
  </div>
);

/** Names and values: `[['Users', 3], …]`. */
export const Facts = ({ of }: { of: readonly (readonly [string, Child])[] }) => (
  <dl>
    {of.map(([name, value]) => (
      <>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </>
    ))}
  </dl>
);
