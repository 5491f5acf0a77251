/** Names of what `make image` and `make image-archive` write. */
import packageJson from '../../package.json' with { type: 'json' };

const { version } = packageJson;

export const REPOSITORY = 'localhost/scim-operator';
export const IMAGE = `${REPOSITORY}:${version}`;

/** Relative to the root of the repository. */
export const archiveFile = (suffix = ''): string => `dist/scim-operator-${version}${suffix}.tar`;
