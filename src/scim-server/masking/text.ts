/** Recognises secrets in what a client sent, so that it can be shown to administrators. */

export const MASK = '…';

/** Names of attributes, keys and paths whose values are secrets, whatever they look like. */
const SECRET_NAMES = [
  /pass(?:word|wd|phrase|code)|secret|token|credential|authorization|assertion/i,
  /(?:private|api|access)[-_]?key|\b(?:pwd|pin|otp)\b/i,
];

export const namesSecret = (name: string): boolean => SECRET_NAMES.some((each) => each.test(name));

/**
 * Our own tokens, JSON web tokens, credentials of an Authorization header, and private keys. None
 * begins within a text that another attempt has read, so the time is linear.
 */
const SECRETS = [
  /scim_[A-Za-z0-9]{10}_[A-Za-z0-9]*/g,
  /(?<![\w-])ey[\w-]{6,}\.[\w-]*(?:\.[\w-]*)*/g,
  /\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g,
];

/** Longer than a UUID. Random texts of this length are hardly ever anything but secrets or hashes. */
const RANDOM = /[A-Za-z0-9_-]{40,}/g;

const SHORTEST_SECRET = 12;

/** More than is ever shown, in characters. */
export const MOST_READ = 8_192;
/** A secret of this length that is cut is recognised as one by what is left of it. */
const LONGEST_CUT = 400;

/** Masks the parts of the text that look like secrets. Text beyond what is ever shown is cut off. */
export function maskedText(text: string, isIdentifier = false): string {
  if (text.length < SHORTEST_SECRET) return text;
  const shown = text.length > MOST_READ ? `${beginningOf(text)}${MASK}` : text;
  const masked = SECRETS.reduce((rest, secret) => rest.replace(secret, MASK), shown);
  if (isIdentifier) return masked;
  return masked.replace(RANDOM, (run) => (/\d/.test(run) && /[A-Za-z]/.test(run) ? MASK : run));
}

/** Without the word that is cut, because the beginning of a secret would not be recognised. */
function beginningOf(text: string): string {
  let end = MOST_READ;
  while (end > MOST_READ - LONGEST_CUT && /[^\s"]/.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
