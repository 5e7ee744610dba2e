import tseslint from 'typescript-eslint';

/** The layers of docs/architecture.md: what each folder of src may import (besides itself and npm packages). */
const layers = {
  model: [],
  events: ['model'],
  store: ['model'],
  acp: ['model'],
  workspaces: ['model'],
  egress: ['model'],
  credentials: ['model'],
  tasks: ['model', 'events', 'store'],
  agents: ['model', 'events', 'store', 'acp', 'credentials', 'egress'],
  orchestrator: ['model', 'events', 'store', 'acp', 'credentials', 'tasks', 'agents', 'workspaces'],
  api: ['model', 'events', 'store', 'credentials', 'tasks', 'agents', 'orchestrator', 'workspaces'],
  gateway: ['model', 'events', 'api'],
  windows: ['model', 'events', 'store', 'credentials', 'agents', 'api', 'gateway'],
  providers: ['model', 'api'],
  commands: ['model', 'api', 'providers'],
  'webview/host': [
    'model',
    'api',
    'providers',
    'webview/protocol',
    'webview/runProtocol',
    'webview/insightProtocol',
  ],
  'webview/app': ['model', 'webview/protocol', 'webview/runProtocol', 'webview/insightProtocol'],
};

/** Packages that only one layer may import; the others reach them through that layer. */
const owners = {
  vscode: ['providers', 'commands', 'webview/host'],
  dockerode: ['agents'],
  'sql.js': ['store'],
  'vscode-jsonrpc': ['acp', 'windows'],
  lit: ['webview/app'],
  hono: ['gateway'],
  jose: ['gateway'],
  ws: ['gateway'],
  '@modelcontextprotocol/sdk': ['gateway'],
};

const folders = Object.keys(layers);

function layerRule(folder) {
  const up = '../'.repeat(folder.split('/').length);
  const forbidden = folders
    .filter((other) => other !== folder && !layers[folder].includes(other))
    .flatMap((other) => [`${up}${other}/**`, `../../${up}${other}/**`, `../${up}${other}/**`]);
  const packages = Object.entries(owners)
    .filter(([, allowed]) => !allowed.includes(folder))
    .flatMap(([name]) => [name, `${name}/*`]);
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: forbidden, message: `src/${folder} may not import this layer (docs/architecture.md).` },
            { group: packages, message: `Only its own layer imports this package (docs/architecture.md).` },
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ['dist/**', 'out/**', 'node_modules/**', 'scripts/bootstrap.mjs', 'eslint.config.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './src/webview/app/tsconfig.json', './test/e2e/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'No default exports: a name has one spelling.' },
        { selector: 'ExportAllDeclaration', message: 'No barrels: import from the module that defines it.' },
      ],
    },
  },
  {
    // A suite is one long function of small ones.
    files: ['test/**', '**/*.test.ts', 'bench/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  { files: ['*.config.*', '**/vitest.config.mts'], rules: { 'no-restricted-syntax': 'off' } },
  ...folders.map(layerRule),
);
