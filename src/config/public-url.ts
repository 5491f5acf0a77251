/** The URL at which identity providers reach the server. */
import { isPrivate } from '../http/loopback.ts';

/** Whether requests to this URL cross a network as plain text. */
export const isUnencrypted = (publicUrl: string): boolean => !isPrivate(new URL(publicUrl));

/** The links and cookies of the console begin at the root of its host. */
export function hasPath(publicUrl: string): boolean {
  return new URL(publicUrl).pathname !== '/';
}
