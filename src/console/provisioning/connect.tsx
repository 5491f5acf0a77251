/** What is entered at the identity provider, in the words of its form. */
import type { Child } from 'hono/jsx';
import { keyIdOf } from '../../directory/tokens.ts';
import { CopyField } from '../frame/pieces.tsx';
import { count } from '../frame/words.ts';
import type { ProviderGuide } from './providers.ts';

interface ConnectFieldsProps {
  readonly guide: ProviderGuide;
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Stands in the place of a token that is not shown. */
  readonly children?: Child;
}

export const ConnectFields = ({ guide, endpoint, token, children }: ConnectFieldsProps) => (
  <>
    <p>{guide.place}</p>
    <CopyField
      id="endpoint"
      label={guide.endpointField}
      value={endpoint}
      hint={guide.endpointHint}
    />
    {token === undefined ? (
      <div class="field">
        <b>{guide.tokenField}</b>
        {children}
      </div>
    ) : (
      <CopyField
        id="token"
        label={guide.tokenField}
        value={token}
        hint={
          <>
            {count(token.length)} characters · key <code>{keyIdOf(token)}</code>
            {guide.tokenHint !== undefined && <> · {guide.tokenHint}</>}
          </>
        }
      />
    )}
    <h3>Other fields</h3>
    <dl>
      {guide.fields.map(([field, value]) => (
        <>
          <dt>{field}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
    <h3>Then</h3>
    <ol>
      {guide.next.map((step) => (
        <li>{step}</li>
      ))}
    </ol>
  </>
);
