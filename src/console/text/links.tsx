/** Addresses that come from the directory, where anything may stand. */
import { Name } from './names.tsx';

const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

/**
 * Returns the address if a browser may be sent to it. `javascript:`, `data:` and relative addresses
 * are not returned.
 */
export function safeAddress(value: string): string | undefined {
  const url = URL.parse(value);
  return url !== null && SCHEMES.has(url.protocol) ? url.href : undefined;
}

/** The value as a link if it is a safe address, and as text otherwise. */
export const MaybeLink = ({ value }: { value: string }) => {
  const address = safeAddress(value);
  if (address === undefined) return <Name of={value} whole />;
  return (
    <a href={address} rel="noreferrer noopener nofollow">
      <Name of={value} whole />
    </a>
  );
};
