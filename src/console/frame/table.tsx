/** Tables that a keyboard and a screen reader can use. */
import type { Child } from 'hono/jsx';

export type Column = string | { readonly title: string; readonly numeric: true };

interface TableProps {
  readonly caption: string;
  /** Whether the caption is also shown to those who see the page. */
  readonly showCaption?: boolean;
  readonly columns: readonly Column[];
  /** Rows: `<tr>` that begin with `<th scope="row">`. */
  readonly children?: Child;
}

export const Table = ({ caption, showCaption = false, columns, children }: TableProps) => (
  // A narrow screen scrolls the table alone, for which a keyboard needs the focus.
  <section class="scroll" tabindex={0} aria-label={caption}>
    <table>
      <caption class={showCaption ? undefined : 'unseen'}>{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) =>
            typeof column === 'string' ? (
              <th scope="col">{column}</th>
            ) : (
              <th scope="col" class="num">
                {column.title}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </section>
);

interface PagerProps {
  /** What is shown, such as `1–100 of 1,000,060`. */
  readonly shown: string;
  readonly first?: string | undefined;
  readonly next?: string | undefined;
}

/** The foot of a list that has further pages. */
export const Pager = ({ shown, first, next }: PagerProps) => (
  <nav class="foot" aria-label="Pages">
    <span>{shown}</span>
    <div class="actions">
      {first !== undefined && (
        <a class="button" href={first}>
          First page
        </a>
      )}
      {next !== undefined && (
        <a class="button" rel="next" href={next}>
          Next
        </a>
      )}
    </div>
  </nav>
);
