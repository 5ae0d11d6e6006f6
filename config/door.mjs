// SPDX-License-Identifier: MIT
// The doors of the repository: `npm start`, `npm test`, `npm run lab -- ...`, `npm run bench` and `npm run pack`.
//
// Each door does its own set-up on a machine with only Node and npm:
//
//   Node recent enough? -> install, when the lock file or a package.json changed -> build -> the work itself
//
// Set-up talks on standard error, so standard output holds the work's own output and nothing else.
// Arguments reach the lab as they came, never through a shell, and its exit code is the door's.
// The file keeps to syntax that Node 14 reads, or an old Node would show a syntax error instead of the reason.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => path.join(root, ...parts);
const installStamp = inRoot('node_modules', '.sda-lab-install');
const setupLock = inRoot('out', '.setup-lock');

const oldestNode = [20, 19];
/** The lab's exit code for a fault of its own (a verdict is 0, 1 or 2, wrong use is 64). */
const exitOwnFault = 70;

/** A set-up step failed; the message is all that the user needs to read. */
class SetupError extends Error {}

const say = (line) => process.stderr.write(`sda-lab: ${line}\n`);

// --- processes ---------------------------------------------------------------------------------

/** Runs a program to its end. `output` is 'inherit', or 'collect' to get its text back instead of showing it. */
function run(file, args, { cwd = root, output = 'inherit', env = process.env } = {}) {
  const stdio = output === 'collect' ? ['ignore', 'pipe', 'pipe'] : 'inherit';
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, stdio, env });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) stream.on('data', (chunk) => (text += chunk));
    }
    const stopForwarding = forwardSignals(child);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      stopForwarding();
      resolve({ code, signal, text });
    });
  });
}

/** Passes signals sent to the door on to the child. Returns the function that ends this. */
function forwardSignals(child) {
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    // A terminal sends Ctrl-C to the child as well; a second copy would look like a second Ctrl-C.
    const handler = () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal));
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => handlers.forEach((undo) => undo());
}

/** Runs a command with the pinned pnpm (and the installed tools) on PATH. npx fetches pnpm once and caches it. */
function runWithPnpm(command, options) {
  const pin = JSON.parse(fs.readFileSync(inRoot('package.json'), 'utf8')).packageManager;
  // By default npm waits over a minute before it gives up on a registry out of reach, also when all is in
  // its cache. The log level is set because `npm run --silent` would hide the reason from the child too.
  const patience = ['--prefer-offline', '--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=4000'];
  const args = ['exec', '--yes', ...patience, '--loglevel=error', '--no-update-notifier', `--package=${pin}`, '--', ...command];
  // When the door itself was opened through `npx -c`, these would be read as options of this npx.
  const env = { ...process.env };
  delete env.npm_config_call;
  delete env.npm_config_package;
  const npm = process.env.npm_execpath;
  if (npm && path.basename(npm) === 'npm-cli.js') return run(process.execPath, [npm, ...args], { ...options, env });
  return run('npm', args, { ...options, env });
}

/** Ends the door the way the child ended: same exit code, same signal. */
function endAs({ code, signal }) {
  if (signal) process.kill(process.pid, signal);
  else process.exitCode = code;
}

// --- set-up ------------------------------------------------------------------------------------

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const recent = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  if (recent) return;
  throw new SetupError(`Node ${oldestNode.join('.')} or newer is needed, this is ${process.versions.node}; Node 24 is a good choice.`);
}

const workspaceFolders = () => {
  const packages = fs.readdirSync(inRoot('packages')).map((name) => path.join('packages', name));
  return [...packages, 'benchmarks', 'config'].filter((folder) => fs.existsSync(inRoot(folder, 'package.json')));
};

/** A hash over all that decides what an install puts into node_modules. */
function installHash() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  const manifests = workspaceFolders().map((folder) => path.join(folder, 'package.json'));
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]) {
    hash.update(`${file.split(path.sep).join('/')}\n`).update(fs.readFileSync(inRoot(file)));
  }
  return hash.digest('hex');
}

function installIsCurrent() {
  if (!fs.existsSync(installStamp) || fs.readFileSync(installStamp, 'utf8') !== installHash()) return false;
  // `npm install` by habit replaces the tree and a clean-up may take one package's links.
  const linked = workspaceFolders().filter((folder) => {
    const manifest = JSON.parse(fs.readFileSync(inRoot(folder, 'package.json'), 'utf8'));
    return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).length > 0;
  });
  const needed = ['node_modules/.pnpm', 'node_modules/typescript/bin/tsc', ...linked.map((folder) => `${folder}/node_modules`)];
  return needed.every((file) => fs.existsSync(inRoot(file)));
}

const networkTrouble =
  /ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED|CERT_IN_CHAIN|CERT_HAS_EXPIRED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_PNPM_META_FETCH_FAIL|ERR_PNPM_NO_OFFLINE|dns error|error sending request|fetch failed/i;

async function install() {
  if (installIsCurrent()) return;
  say('installing the dependencies (first run or changed packages; takes about ten seconds)');
  const result = await runWithPnpm(['pnpm', 'install', '--frozen-lockfile'], { output: 'collect' });
  if (result.signal) throw new SetupError(`the install was ended by ${result.signal}.`);
  if (result.code === 0) {
    fs.writeFileSync(installStamp, installHash());
    return;
  }
  const trouble = networkTrouble.exec(result.text);
  if (trouble) {
    throw new SetupError(`the npm registry could not be reached (${trouble[0]}); the first run downloads the dependencies, so it needs a network.`);
  }
  process.stderr.write(result.text);
  throw new SetupError(`the install failed (exit code ${result.code}); pnpm's own output is above.`);
}

/** What the compiler wrote: where it stands, and the source it came from. */
function compiledFiles(folder) {
  const files = fs.readdirSync(inRoot(folder, 'dist'), { recursive: true }).map((file) => /^(.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file));
  return files.filter(Boolean).map(([file, stem]) => ({ file: inRoot(folder, 'dist', file), source: inRoot(folder, 'src', `${stem}.ts`) }));
}

/** The compiler leaves what it once made of a source that is gone. That does no harm in here, but a package would carry it. */
function removeLeftOvers() {
  const built = workspaceFolders().filter((folder) => fs.existsSync(inRoot(folder, 'dist')));
  for (const { file, source } of built.flatMap(compiledFiles)) if (!fs.existsSync(source)) fs.rmSync(file);
}

async function build(...projects) {
  const compiler = inRoot('node_modules', 'typescript', 'bin', 'tsc');
  const result = await run(process.execPath, [compiler, '-b', 'packages/lab', ...projects], { output: 'collect' });
  if (result.code === 0) return;
  process.stderr.write(result.text);
  throw new SetupError('the build failed; the compiler\'s own output is above.');
}

/** In milliseconds; a lock older than this was left behind. */
const longestSetup = 10 * 60_000;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Lets one door at a time set up; two installs into one folder would spoil each other. */
async function alone(work) {
  fs.mkdirSync(path.dirname(setupLock), { recursive: true });
  for (;;) {
    try {
      fs.writeFileSync(setupLock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    await waitForHolder();
  }
  try {
    return await work();
  } finally {
    fs.rmSync(setupLock, { force: true });
  }
}

async function waitForHolder() {
  try {
    const holder = Number(fs.readFileSync(setupLock, 'utf8'));
    const age = Date.now() - fs.statSync(setupLock).mtimeMs;
    // An empty file belongs to a door that is about to write its number. The age is there for a number that
    // another process has got since.
    const left = (holder > 0 && !isAlive(holder)) || age > longestSetup;
    if (left) fs.rmSync(setupLock, { force: true });
    else await sleep(50);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

// --- doors -------------------------------------------------------------------------------------

async function lab(args, cwd) {
  await alone(async () => {
    await install();
    // The only verb that needs more than the packages.
    await build(...(args[0] === 'bench' ? ['benchmarks'] : []));
  });
  endAs(await run(process.execPath, [inRoot('packages', 'lab', 'dist', 'main.js'), ...args], { cwd }));
}

/** Packs the packages as they would be published, for a folder elsewhere: out/packages/NAME-VERSION.tgz. */
async function pack() {
  const folder = inRoot('out', 'packages');
  const result = await alone(async () => {
    await install();
    await build();
    removeLeftOvers();
    fs.rmSync(folder, { recursive: true, force: true });
    const args = ['pnpm', '--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder];
    return runWithPnpm(args, { output: 'collect' });
  });
  if (result.code !== 0) process.stderr.write(result.text);
  else for (const file of fs.readdirSync(folder)) console.log(path.join('out', 'packages', file));
  endAs(result);
}

/** npm runs scripts in the repository folder; a file named by the user is meant from where the user stands. */
function folderOfTheUser() {
  const viaNpm = process.env.npm_lifecycle_event !== undefined && process.cwd() === root;
  return (viaNpm && process.env.INIT_CWD) || process.cwd();
}

function loadQuietSettings() {
  for (const line of fs.readFileSync(inRoot('config', 'quiet.env'), 'utf8').split('\n')) {
    const [name, value] = line.split('=');
    if (value !== undefined) process.env[name] = value;
  }
}

async function test(args) {
  await alone(install);
  loadQuietSettings();
  // Part of every cache key: a result from one Node says nothing about another.
  process.env.SDA_LAB_NODE = process.version;
  // vitest colours its output even in a pipe.
  if (!process.stdout.isTTY && process.env.FORCE_COLOR === undefined) process.env.NO_COLOR = '1';
  for (const folder of workspaceFolders()) fs.rmSync(inRoot(folder, 'out', 'vitest.json'), { force: true });
  const workers = Math.max(2, os.cpus().length);
  const turbo = ['turbo', 'run', 'build', 'types', 'lint', 'test', '--output-logs=new-only', '--log-order=grouped',
    '--continue=dependencies-successful', `--concurrency=${workers}`, ...args];
  const result = await runWithPnpm(turbo);
  if (result.signal) return endAs(result);
  const sum = sumReports(args.length === 0);
  if (result.code !== 0 && sum.failed === 0) {
    console.log('\nA step that is no test failed (build, types or lint, see above); it counts as one.');
    sum.failed = 1;
  }
  console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
  process.exitCode = result.code === 0 && sum.failed === 0 ? 0 : 1;
}

/** Adds up the reports that vitest left in each package, or that turbo put back with a cached result. */
function sumReports(everyPackageRan) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const folder of workspaceFolders()) {
    const file = inRoot(folder, 'out', 'vitest.json');
    if (!fs.existsSync(file)) {
      if (!everyPackageRan || !fs.existsSync(inRoot(folder, 'test'))) continue;
      console.log(`\n${folder}: its tests left no report; this counts as one failure.`);
      sum.failed += 1;
      continue;
    }
    const report = JSON.parse(fs.readFileSync(file, 'utf8'));
    // A file that cannot be loaded, or an error outside a test, fails the run without a failed test.
    const unloaded = report.testResults.filter((one) => one.status === 'failed' && one.assertionResults.every((a) => a.status !== 'failed'));
    const unnamed = !report.success && report.numFailedTests === 0 && unloaded.length === 0 ? 1 : 0;
    sum.passed += report.numPassedTests;
    sum.failed += report.numFailedTests + unloaded.length + unnamed;
    sum.skipped += report.numPendingTests + report.numTodoTests;
  }
  return sum;
}

async function main([door, ...args]) {
  checkNode();
  if (door === 'start') return lab(['evaluate', ...args], root);
  if (door === 'lab') return lab(args, folderOfTheUser());
  if (door === 'bench') return lab(['bench', ...args], folderOfTheUser());
  if (door === 'test') return test(args);
  if (door === 'pack') return pack();
  throw new SetupError(`unknown door ${JSON.stringify(door)}; there are start, test, lab, bench and pack.`);
}

main(process.argv.slice(2)).catch((error) => {
  say(error instanceof SetupError ? error.message : error.stack);
  process.exitCode = process.argv[2] === 'test' ? 1 : exitOwnFault;
});
