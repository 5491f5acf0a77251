/**
 * Runs inside the Dockerfile's build stage: lays out the file system of the image.
 * `contents.ts RUNTIME ARCHITECTURE TARGET FLAG…`, where RUNTIME is the unpacked base image of the
 * target, and the flags are those that Node.js is started with.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { writeContents } from '../sbom/image.ts';

/** From the names of container engines to those of Node.js and of the dynamic loader. */
const ARCHITECTURES = {
  amd64: { node: 'x64', loader: '/lib64/ld-linux-x86-64.so.2' },
  arm64: { node: 'arm64', loader: '/lib/ld-linux-aarch64.so.1' },
} as const;

/** Node.js and better-sqlite3 are linked with these. The C library looks up host names itself. */
const LIBRARIES = [
  'libc.so.6',
  'libdl.so.2',
  'libgcc_s.so.1',
  'libm.so.6',
  'libpthread.so.0',
  'libresolv.so.2',
  'libstdc++.so.6',
];
const COPYRIGHTS = ['libc6', 'libgcc-s1', 'libstdc++6', 'gcc-12-base'].map(
  (name) => `/usr/share/doc/${name}/copyright`,
);
/** The copyright files refer to these texts. The Debian of the build stage always has them. */
const LICENCE_TEXTS = ['GPL-2', 'GPL-3', 'LGPL-2.1'].map(
  (name) => `/usr/share/common-licenses/${name}`,
);

const NONROOT = 65_532;
const FILES = {
  'etc/passwd': `root:x:0:0::/root:/sbin/nologin\nnonroot:x:${NONROOT}:${NONROOT}::/tmp:/sbin/nologin\n`,
  'etc/group': `root:x:0:\nnonroot:x:${NONROOT}:\n`,
  'etc/nsswitch.conf': 'hosts: files dns\n',
};

const [runtime = '', architecture = '', target = '', ...flags] = process.argv.slice(2);
if (architecture !== 'amd64' && architecture !== 'arm64') {
  throw new Error(`the architecture must be amd64 or arm64, not ${architecture}`);
}
const { node, loader } = ARCHITECTURES[architecture];

layOutSystem();
layOutProgram(join(target, 'app'));

function layOutSystem(): void {
  copy('/usr/local/bin/node');
  copy(loader);
  for (const library of LIBRARIES) {
    const [found] = globSync(`{usr/lib,lib}/*-linux-gnu/${library}`, { cwd: runtime });
    if (found === undefined) throw new Error(`the base image has no ${library}`);
    copy(`/${found}`, `/${found.replace(/^usr\//, '')}`);
  }
  for (const path of COPYRIGHTS) if (existsSync(join(runtime, path))) copy(path);
  for (const path of LICENCE_TEXTS) cpSync(path, join(target, path));
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), content);
  }
  mkdirSync(join(target, 'tmp'));
  chmodSync(join(target, 'tmp'), 0o1777);
}

/** Copies a file of the base image. Its symbolic links mean paths within that image. */
function copy(from: string, to = from): void {
  let source = from;
  while (lstatSync(join(runtime, source)).isSymbolicLink()) {
    source = resolve(dirname(source), readlinkSync(join(runtime, source)));
  }
  mkdirSync(dirname(join(target, to)), { recursive: true });
  cpSync(join(runtime, source), join(target, to));
}

function layOutProgram(app: string): void {
  cpSync('LICENSE', join(app, 'LICENSE'));
  cpSync('dist/scim-operator.js', join(app, 'scim-operator.js'));
  cpSync('dist/chunks', join(app, 'chunks'), { recursive: true });
  const sqlite = 'node_modules/better-sqlite3';
  for (const part of ['package.json', 'LICENSE', 'lib', `prebuilds/linux-${node}.node`]) {
    cpSync(join(sqlite, part), join(app, sqlite, part), { recursive: true });
  }
  writeContents({ runtime, architecture, app });
  if (node === process.arch) compileAhead(app);
}

/**
 * Node.js uses what it compiled ahead only at the same path, with the same version, the same flags
 * and the same user.
 */
function compileAhead(app: string): void {
  cpSync(app, '/app', { recursive: true });
  const NODE_COMPILE_CACHE = '/tmp/compile-cache';
  const chunks = globSync('/app/chunks/*.js').map((chunk) => `import '${chunk}';`);
  // A command loads only what it needs.
  for (const started of [
    ['/app/scim-operator.js', 'crds'],
    ['--input-type=module', '--eval', chunks.join('')],
  ])
    execFileSync(process.execPath, [...flags, ...started], {
      env: { NODE_COMPILE_CACHE },
      uid: NONROOT,
      gid: NONROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  cpSync(NODE_COMPILE_CACHE, join(app, 'compile-cache'), { recursive: true });
}
