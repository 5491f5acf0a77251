/** How setup links are stored. */
import { hash } from 'node:crypto';

/** The secret of a setup link has 256 random bits, so a plain hash can't be reversed. */
export const setupLinkHash = (secret: string): string => hash('sha256', secret);
