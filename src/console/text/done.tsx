/** After a form, the page says what was done. */
import { Notice } from '../frame/pieces.tsx';

interface DoneProps {
  /** The parameter of the address, which anybody can write. */
  readonly done: string | null;
  /** What each of its values says. */
  readonly texts: Readonly<Record<string, string>>;
}

export const Done = ({ done, texts }: DoneProps) => {
  const title = done !== null && Object.hasOwn(texts, done) ? texts[done] : undefined;
  return title === undefined ? null : <Notice tone="good" title={title} />;
};
