/** Addresses that never leave the machine, the only ones for which plain http is secure. */

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])\.?$/;

/** Whether a host name, as a URL has it, is one that only this machine serves. */
export const isLoopback = (hostname: string): boolean => LOOPBACK.test(hostname);

/** Whether what is sent to the URL can't be read on the way. */
export const isPrivate = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
