/** The change of an entry of the log, folded up. */
import type { ActivityEntry } from '../../directory/store/activity.ts';
import { countOf } from '../frame/words.ts';
import { Name } from '../text/names.tsx';
import { changeRows } from './words.ts';

export const EntryChange = ({ entry }: { entry: ActivityEntry }) => {
  const { rows, left } = changeRows(entry);
  const { requestId } = entry;
  if (rows.length === 0 && requestId === undefined) return <>–</>;
  return (
    <details>
      <summary>{summaryOf(rows.map(({ path }) => path))}</summary>
      <dl>
        {rows.map(({ path, before, after }) => (
          <>
            <dt>
              <Name of={path} />
            </dt>
            <dd>
              <del>
                <Name of={before} whole />
              </del>{' '}
              →{' '}
              <ins>
                <Name of={after} whole />
              </ins>
            </dd>
          </>
        ))}
        {requestId !== undefined && (
          <>
            <dt>Request</dt>
            <dd>
              <code>
                <Name of={requestId} />
              </code>
            </dd>
          </>
        )}
      </dl>
      {left > 0 && <p>{countOf(left, 'more attribute')} in the export.</p>}
    </details>
  );
};

function summaryOf(paths: readonly string[]): string {
  if (paths.length === 0) return 'Details';
  const shown = paths.slice(0, 3).map((path) => path.slice(path.lastIndexOf(':') + 1));
  const more = paths.length > 3 ? ` and ${paths.length - 3} more` : '';
  return `${shown.join(', ')}${more}`;
}
