// Runs scripts/<name>.mts on the Node that package-lock.json pins, and installs the packages before if they are not
// those of package-lock.json. Itself it is plain JavaScript for any Node from 20 on, because a fresh clone has no more.
//
// node scripts/bootstrap.mjs <name> [arguments of the script]
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
const packages = path.join(root, 'node_modules');
const windows = process.platform === 'win32';
const pinnedNode = path.join(packages, 'node', 'bin', windows ? 'node.exe' : 'node');

/** Whether node_modules holds what package-lock.json asks for, by the list that npm itself keeps in there. */
function isInstalled() {
  const list = path.join(packages, '.package-lock.json');
  if (!existsSync(list) || !existsSync(pinnedNode)) return false;
  const read = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const present = read(list);
  return Object.entries(read(path.join(root, 'package-lock.json'))).every(
    ([place, wanted]) =>
      place === '' ||
      (present[place] ? present[place].version === wanted.version : wanted.optional || wanted.devOptional),
  );
}

function install() {
  console.log('Installing the packages of package-lock.json (npm ci) …');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, stdio: 'inherit' };
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: windows });
  if (status !== 0) {
    console.error('npm ci failed; what it printed is above.');
    process.exit(1);
  }
  if (!existsSync(pinnedNode)) {
    console.error('npm ci did not install Node: is "ignore-scripts" set in your npm configuration?');
    process.exit(1);
  }
}

const [name, ...args] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`Kandev is built with Node 20 or newer; this is Node ${process.versions.node}.`);
  process.exit(1);
}
if (!isInstalled()) install();

const PATH = [path.join(packages, '.bin'), path.dirname(pinnedNode), process.env.PATH].join(path.delimiter);
// The scripts share modules with src and test, which are ES modules without package.json saying so.
const flags = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
const child = spawn(pinnedNode, [...flags, path.join(root, 'scripts', `${name}.mts`), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH },
});
// The script decides what a signal means (it has things to stop); we end when it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
