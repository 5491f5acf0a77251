/** Finds the Chromium of this machine. */

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
/** Outside of PATH. */
const PLACES = [
  '/usr/bin/chromium',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const NO_CHROMIUM =
  'no Chromium was found; install it (Debian and Ubuntu: apt-get install chromium; macOS: ' +
  'brew install --cask chromium), or set CHROMIUM to the path of a Chromium or Chrome';

/** Throws an error of one line that says what to install. */
export function chromiumPath(
  environment: Readonly<Record<string, string | undefined>>,
  exists: (path: string) => boolean,
): string {
  const { CHROMIUM, PATH = '' } = environment;
  if (CHROMIUM !== undefined && CHROMIUM !== '') {
    if (exists(CHROMIUM)) return CHROMIUM;
    throw new Error(`CHROMIUM is ${CHROMIUM}, which does not exist`);
  }
  const onPath = PATH.split(':').flatMap((folder) => NAMES.map((name) => `${folder}/${name}`));
  const found = [...onPath, ...PLACES].find(exists);
  if (found === undefined) throw new Error(NO_CHROMIUM);
  return found;
}
