/**
 * Builds everything that ships into dist/:
 * the extension, the webview board, the demo agent, and the files they load beside themselves.
 *
 * node scripts/build.mts [--watch] [--production]
 */
import { globSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { build, context, type BuildOptions, type Plugin } from 'esbuild';
import { projectRoot } from './paths.mts';

interface BuildMode {
  /** Minified and without source maps, as it ships. */
  production: boolean;
}

/** What dist/ holds besides the bundles: [from, to], relative to the project. */
const copies: readonly (readonly [string, string])[] = [
  ['node_modules/sql.js/dist/sql-wasm.wasm', 'dist/sql-wasm.wasm'],
  ['node_modules/@vscode/codicons/dist/codicon.css', 'dist/webview/codicon.css'],
  ['node_modules/@vscode/codicons/dist/codicon.ttf', 'dist/webview/codicon.ttf'],
  ...globSync('agents/*/{Dockerfile,*.toml}', { cwd: projectRoot }).map(
    (file) => [file, `dist/${file}`] as const,
  ),
];

function bundles({ production }: BuildMode): BuildOptions[] {
  const common: BuildOptions = {
    absWorkingDir: projectRoot,
    bundle: true,
    minify: production,
    sourcemap: !production,
    legalComments: 'none',
    logLevel: 'warning',
  };
  return [...editorBundles(common), ...containerBundles(common)];
}

/** What runs in VS Code: the extension, its worker and its webview. */
function editorBundles(common: BuildOptions): BuildOptions[] {
  return [
    {
      ...common,
      entryPoints: [{ in: 'src/extension.ts', out: 'extension' }],
      outdir: 'dist',
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      external: ['vscode'],
      // Its main file loads its parts in a way that no bundler sees.
      alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
      plugins: [dockerodeWithoutBuildKitAndSsh],
    },
    {
      ...common,
      entryPoints: [
        { in: 'src/store/worker.ts', out: 'storeWorker' },
        { in: 'src/gateway/main.ts', out: 'gateway' },
      ],
      outdir: 'dist',
      platform: 'node',
      format: 'cjs',
      target: 'node20',
    },
    {
      ...common,
      entryPoints: [
        { in: 'src/webview/app/main.ts', out: 'board' },
        { in: 'src/webview/app/board.css', out: 'board' },
        { in: 'src/webview/app/markdown/main.ts', out: 'markdown' },
        { in: 'src/webview/app/run/main.ts', out: 'run' },
        { in: 'src/webview/app/run/run.css', out: 'run' },
        { in: 'src/webview/app/insight/main.ts', out: 'insight' },
        { in: 'src/webview/app/insight/insight.css', out: 'insight' },
      ],
      outdir: 'dist/webview',
      platform: 'browser',
      format: 'iife',
      target: 'es2022',
    },
  ];
}

/** What runs in containers: in whatever node is there, but for the demo agent, whose image is ours. */
function containerBundles(common: BuildOptions): BuildOptions[] {
  return [
    {
      ...common,
      entryPoints: [{ in: 'src/egress/main.ts', out: 'egress' }],
      outdir: 'dist',
      platform: 'node',
      format: 'cjs',
      target: 'node18',
      sourcemap: false,
    },
    {
      ...common,
      entryPoints: [{ in: 'agents/demo/main.ts', out: 'agent' }],
      outdir: 'dist/agents/demo',
      platform: 'node',
      format: 'cjs',
      target: 'node22',
    },
    {
      ...common,
      entryPoints: [{ in: 'src/agents/keeper/main.ts', out: 'keeper' }],
      outdir: 'dist/agents',
      platform: 'node',
      format: 'cjs',
      target: 'node14',
    },
  ];
}

/**
 * Leaves out of the bundle what dockerode needs only for BuildKit sessions and ssh:// (743 of 891 KB); Kandev
 * uses the docker CLI for both. Whoever calls one of these parts all the same is told so.
 */
export const dockerodeWithoutBuildKitAndSsh: Plugin = {
  name: 'dockerode-without-buildkit-and-ssh',
  setup(hooks) {
    const namespace = 'left-out';
    const filter = /^(@grpc\/(grpc-js|proto-loader)|protobufjs|ssh2|cpu-features)$/;
    hooks.onResolve({ filter }, ({ path: name }) => ({ path: name, namespace }));
    hooks.onLoad({ filter: /.*/, namespace }, ({ path: name }) => ({
      contents: `
        const leftOut = () => { throw new Error(${JSON.stringify(`${name} is not part of Kandev's bundle: use the docker CLI for builds and ssh://.`)}); };
        module.exports = new Proxy(function () {}, {
          get: (target, key) => key === 'prototype' ? target.prototype : module.exports,
          apply: leftOut,
          construct: leftOut,
        });`,
    }));
  },
};

let rebuilding = 0;

/** Prints when the first bundle begins to be rebuilt and when the last is: the watch task of VS Code waits for it. */
const reportRebuilds: Plugin = {
  name: 'report-rebuilds',
  setup(hooks) {
    hooks.onStart(() => {
      if (rebuilding === 0) console.log('[watch] build started');
      rebuilding += 1;
    });
    hooks.onEnd(({ errors }) => {
      for (const { text, location } of errors) {
        console.error(`✘ [ERROR] ${text}`);
        if (location) console.error(`    ${location.file}:${location.line}:${location.column}:`);
      }
      rebuilding -= 1;
      if (rebuilding === 0) console.log('[watch] build finished');
    });
  },
};

async function copyFiles(): Promise<void> {
  for (const [from, to] of copies) {
    const target = path.join(projectRoot, to);
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(path.join(projectRoot, from), target);
  }
}

/** Empties dist/ but for the packaged extension, which may be in use. */
async function cleanDist(): Promise<void> {
  const dist = path.join(projectRoot, 'dist');
  await mkdir(dist, { recursive: true });
  for (const name of await readdir(dist)) {
    if (!name.startsWith('kandev.vsix')) await rm(path.join(dist, name), { recursive: true, force: true });
  }
}

/** Builds dist/ from scratch. Throws esbuild's BuildFailure when a bundle has errors. */
export async function buildAll(mode: BuildMode): Promise<void> {
  await cleanDist();
  await Promise.all([...bundles(mode).map((options) => build(options)), copyFiles()]);
}

async function watch(): Promise<void> {
  await copyFiles();
  const contexts = await Promise.all(
    bundles({ production: false }).map((options) =>
      context({ ...options, logLevel: 'silent', plugins: [...(options.plugins ?? []), reportRebuilds] }),
    ),
  );
  await Promise.all(contexts.map((bundle) => bundle.watch()));
}

async function printSizes(): Promise<void> {
  const built = [
    'dist/extension.js',
    'dist/storeWorker.js',
    'dist/gateway.js',
    'dist/egress.js',
    'dist/webview/board.js',
    'dist/webview/board.css',
    'dist/webview/markdown.js',
    'dist/webview/run.js',
    'dist/webview/run.css',
    'dist/webview/insight.js',
    'dist/webview/insight.css',
    'dist/agents/demo/agent.js',
    'dist/agents/keeper.js',
  ];
  for (const file of [...built, ...copies.map(([, to]) => to)]) {
    const { size } = await stat(path.join(projectRoot, file));
    console.log(`${(size / 1024).toFixed(1).padStart(8)} KB  ${file}`);
  }
}

if (import.meta.main) {
  const production = process.argv.includes('--production');
  if (process.argv.includes('--watch')) {
    await watch();
  } else {
    try {
      await buildAll({ production });
      if (production) await printSizes();
    } catch (error) {
      // esbuild has printed its errors already.
      if (!(error instanceof Error && 'errors' in error)) throw error;
      process.exit(1);
    }
  }
}
