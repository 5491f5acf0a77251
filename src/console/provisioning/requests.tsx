/** The last requests of an identity provider, and why some were refused. */
import type { RecentRequest } from '../../directory/store/recent-requests.ts';
import { Card, Chip, Empty, type Tone } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { count } from '../frame/words.ts';

/** The whole hundred would be more than a page needs. */
const SHOWN = 20;

export const Requests = ({
  requests,
  now,
  most = SHOWN,
}: {
  requests: readonly RecentRequest[];
  now: number;
  /** How many of them are shown. */
  most?: number;
}) => (
  <Card
    title="Requests"
    aside={requests.length === 0 ? undefined : `the last ${Math.min(most, requests.length)}`}
    id="requests"
    live={5}
    flush
  >
    {requests.length === 0 ? (
      <Empty title="No request has arrived yet.">
        <p>
          Test the connection at the identity provider. The requests appear here within seconds.
        </p>
      </Empty>
    ) : (
      <Table
        caption="The last requests of the identity provider"
        columns={['When', 'Request', 'Result', { title: 'ms', numeric: true }]}
      >
        {requests.slice(0, most).map((each) => (
          <RequestRow request={each} now={now} />
        ))}
      </Table>
    )}
  </Card>
);

const RequestRow = ({ request, now }: { request: RecentRequest; now: number }) => {
  const { at, method, path, status, ms, body, detail, requestId } = request;
  return (
    <tr>
      <th scope="row">
        <Time at={at} now={now} />
      </th>
      <td>
        <code>
          {method} {path}
        </code>
        {detail !== undefined && <span class="sub">{detail}</span>}
        {body !== undefined && (
          <details>
            <summary>Body</summary>
            <pre>{body}</pre>
            <span class="sub">Request {requestId}</span>
          </details>
        )}
      </td>
      <td>
        <Chip tone={toneOf(status)}>{String(status)}</Chip>
      </td>
      <td class="num">{ms < 1 ? '< 1' : count(Math.round(ms))}</td>
    </tr>
  );
};

/** A client looks for what may not exist, so 404 is no fault. */
const toneOf = (status: number): Tone => {
  if (status < 400) return 'good';
  if (status === 404) return 'rest';
  return status === 429 ? 'warn' : 'bad';
};
