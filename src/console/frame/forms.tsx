/** Forms: the hidden proof of the session, fields with their errors, and confirmations. */
import type { Child } from 'hono/jsx';
import type { SignInSession } from '../../sso/sessions.ts';

/** Must be in every form that is sent by POST. */
export const CsrfField = ({ session }: { session: SignInSession }) => (
  <input type="hidden" name="csrf" value={session.csrf} />
);

interface PostButtonProps {
  readonly session: SignInSession;
  readonly action: string;
  /** Hidden fields of the form. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly isPrimary?: boolean;
  readonly children?: Child;
}

/** A button that does something at once. */
export const PostButton = ({
  session,
  action,
  fields = {},
  isPrimary = false,
  children,
}: PostButtonProps) => (
  <form method="post" action={action}>
    <CsrfField session={session} />
    {Object.entries(fields).map(([name, value]) => (
      <input type="hidden" name={name} value={value} />
    ))}
    <button class={isPrimary ? 'button primary' : 'button'} type="submit">
      {children}
    </button>
  </form>
);

interface FieldProps {
  /** The id of the control, which the label and the messages refer to. */
  readonly id: string;
  readonly label: string;
  readonly hint?: Child;
  readonly error?: string | undefined;
  readonly children?: Child;
}

/** Give the control `fieldAttributes` with the same id, hint and error. */
export const Field = ({ id, label, hint, error, children }: FieldProps) => (
  <div class="field">
    <label for={id}>{label}</label>
    {children}
    {error !== undefined && (
      <p class="error" id={`${id}-error`}>
        {error}
      </p>
    )}
    {hint !== undefined && <small id={`${id}-hint`}>{hint}</small>}
  </div>
);

/** What ties a control to its label, hint and error. */
export function fieldAttributes({ id, hint, error }: Omit<FieldProps, 'label'>) {
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return {
    id,
    'aria-invalid': error === undefined ? undefined : ('true' as const),
    'aria-describedby': described === '' ? undefined : described,
  };
}

interface ConfirmProps {
  readonly session: SignInSession;
  readonly action: string;
  /** What the button does, as a verb. */
  readonly button: string;
  /** Where the visitor came from. */
  readonly back: string;
  /** What ends. */
  readonly ends: readonly Child[];
  /** What stays. */
  readonly stays: readonly Child[];
  /** Fields between the text and the buttons. */
  readonly children?: Child;
}

/** Asks before something ends, on a page of its own, and says what stays. */
export const Confirm = ({ session, action, button, back, ends, stays, children }: ConfirmProps) => (
  <section class="card">
    <div class="body">
      <h2>What happens</h2>
      <ul>
        {ends.map((each) => (
          <li>{each}</li>
        ))}
      </ul>
      <h2>What stays</h2>
      <ul>
        {stays.map((each) => (
          <li>{each}</li>
        ))}
      </ul>
      <form method="post" action={action}>
        <CsrfField session={session} />
        {children}
        <div class="buttons">
          <button class="button danger" type="submit">
            {button}
          </button>
          <a class="button" href={back}>
            Cancel
          </a>
        </div>
      </form>
    </div>
  </section>
);
