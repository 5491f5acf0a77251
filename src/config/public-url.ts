/** The URL at which identity providers reach the server. */

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])\.?$/;

/** Whether requests to this URL cross a network as plain text. */
export function isUnencrypted(publicUrl: string): boolean {
  const { protocol, hostname } = new URL(publicUrl);
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}

/** The links and cookies of the console begin at the root of its host. */
export function hasPath(publicUrl: string): boolean {
  return new URL(publicUrl).pathname !== '/';
}
