import type { Said } from './dialects/dialect.ts';

/** An agent that works against a model server of a test: how it is pointed there, and how its tools are called. */
export interface ModelAgent {
  id: string;
  /** What its user would have set for a provider at that address, with that key. */
  environment(url: string, key: string): Readonly<Record<string, string>>;
  /** Writes a file; the path is absolute. */
  write(path: string, content: string): Said;
  /** Runs a command that its user has to allow. */
  run(command: string): Said;
  /** What it asks its model beside its work, with tools, by its last words. */
  besideWork?: RegExp;
  /** What it asks its user before it begins, by the title. */
  asksFirst?: RegExp;
  /** It gives up a provider that limits it only after minutes. */
  keepsTrying?: boolean;
  /** What it says where there is no key; left out where it can do without one. */
  withoutKey?: 'sign-in-needed';
}

/** All that Kandev brings along. */
export const modelAgents: readonly ModelAgent[] = [
  {
    id: 'auggie-cli',
    environment: (url, key) => ({
      AUGMENT_SESSION_AUTH: JSON.stringify({ accessToken: key, tenantURL: `${url}/`, scopes: ['email'] }),
    }),
    write: (path, content) => ({ call: 'save-file', args: { path, file_content: content } }),
    run: (command) => ({
      call: 'launch-process',
      args: { command, cwd: '.', wait: true, max_wait_seconds: 20 },
    }),
    asksFirst: /Indexing/,
    keepsTrying: true,
    withoutKey: 'sign-in-needed',
  },
  {
    id: 'claude',
    environment: (url, key) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key }),
    write: (path, content) => ({ call: 'Write', args: { file_path: path, content } }),
    run: (command) => ({ call: 'Bash', args: { command, description: 'A command' } }),
    withoutKey: 'sign-in-needed',
  },
  {
    id: 'codex',
    environment: (url, key) => ({
      CODEX_API_KEY: key,
      CODEX_CONFIG: JSON.stringify({
        model: 'scripted',
        model_provider: 'own',
        model_providers: {
          own: { name: 'Own', base_url: `${url}/v1`, env_key: 'CODEX_API_KEY', wire_api: 'responses' },
        },
      }),
    }),
    // Its model changes files by a command of that name, which it does itself.
    write: (path, content) => {
      const lines = content.trimEnd().split('\n');
      const patch = [
        '*** Begin Patch',
        `*** Add File: ${path}`,
        ...lines.map((line) => `+${line}`),
        '*** End Patch',
      ];
      return { call: 'exec_command', args: { cmd: ["apply_patch <<'EOF'", ...patch, 'EOF'].join('\n') } };
    },
    run: (cmd) => ({
      call: 'exec_command',
      args: { cmd, sandbox_permissions: 'require_escalated', justification: 'Because of the test' },
    }),
    withoutKey: 'sign-in-needed',
  },
  {
    id: 'copilot',
    environment: (url, key) => ({
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      COPILOT_PROVIDER_API_KEY: key,
      COPILOT_MODEL: 'scripted',
    }),
    write: (path, content) => ({ call: 'create', args: { path, file_text: content } }),
    run: (command) => ({
      call: 'bash',
      args: { command, description: 'A command', mode: 'sync', initial_wait: 20 },
    }),
    keepsTrying: true,
    withoutKey: 'sign-in-needed',
  },
  {
    id: 'gemini',
    environment: (url, key) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: key }),
    write: (path, content) => ({ call: 'write_file', args: { file_path: path, content } }),
    run: (command) => ({ call: 'run_shell_command', args: { command } }),
    keepsTrying: true,
    withoutKey: 'sign-in-needed',
  },
  {
    id: 'opencode',
    environment: (url, key) => {
      const options = { baseURL: `${url}/v1`, apiKey: key };
      const models = { scripted: { name: 'Scripted' }, other: { name: 'Other' } };
      const own = { npm: '@ai-sdk/openai-compatible', name: 'Own', options, models };
      return { OPENCODE_CONFIG_CONTENT: JSON.stringify({ model: 'own/scripted', provider: { own } }) };
    },
    write: (path, content) => ({ call: 'write', args: { filePath: path, content } }),
    run: (command) => ({ call: 'bash', args: { command, description: 'A command' } }),
    keepsTrying: true,
  },
  {
    id: 'qwen',
    environment: (url, key) => ({
      OPENAI_API_KEY: key,
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_MODEL: 'scripted',
    }),
    write: (path, content) => ({ call: 'write_file', args: { file_path: path, content } }),
    run: (command) => ({
      call: 'run_shell_command',
      args: { command, description: 'A command', is_background: false },
    }),
    besideWork: /Managed memory/,
    keepsTrying: true,
    withoutKey: 'sign-in-needed',
  },
];
