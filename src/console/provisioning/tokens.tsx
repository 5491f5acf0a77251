/** The tokens of an integration, so that one sees whether the previous one may go. */
import type { TokenRecord } from '../../directory/store/tokens.ts';
import { Card } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';

interface TokensProps {
  readonly tokens: readonly TokenRecord[];
  readonly now: number;
}

export const Tokens = ({ tokens, now }: TokensProps) => (
  <Card title="Tokens" id="tokens" live={10} flush>
    <Table caption="Tokens that work" columns={['Key', 'Last used', 'Ends']}>
      {tokens.map(({ keyId, issuedAt, expiresAt, lastUsedAt }) => (
        <tr>
          <th scope="row">
            <code>{keyId}</code>
            <span class="sub">
              created <Time at={issuedAt} now={now} />
            </span>
          </th>
          <td>{lastUsedAt === undefined ? 'never' : <Time at={lastUsedAt} now={now} />}</td>
          <td>{expiresAt === undefined ? 'current' : <Time at={expiresAt} now={now} />}</td>
        </tr>
      ))}
    </Table>
  </Card>
);
