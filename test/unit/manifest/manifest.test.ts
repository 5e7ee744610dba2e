import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { taskStates, type TaskState } from '../../../src/model/task.ts';
import { nextStates } from '../../../src/model/taskState.ts';

interface MenuEntry {
  command?: string;
  submenu?: string;
  when: string;
}

interface Manifest {
  engines: { vscode: string };
  devDependencies: Record<string, string>;
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
  contributes: {
    commands: { command: string; enablement?: string }[];
    views: Record<string, { id: string; when?: string }[]>;
    menus: Record<string, MenuEntry[]>;
    viewsWelcome: { contents: string }[];
    configuration: { properties: Record<string, { scope: string; order: number }> };
  };
}

const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const manifestText = read('package.json');
const manifest = JSON.parse(manifestText) as Manifest;
const texts = JSON.parse(read('package.nls.json')) as Record<string, string>;

/** Where each entry of the "Move To" submenu leads. */
const moveTargets: Record<string, TaskState> = {
  'kandev.moveToBacklog': 'BACKLOG',
  'kandev.moveToToDo': 'TODO',
  'kandev.moveToInProgress': 'IN_PROGRESS',
  'kandev.moveToReview': 'REVIEW',
  'kandev.moveToDone': 'COMPLETED',
  'kandev.moveToCancelled': 'CANCELLED',
};

describe('the manifest', () => {
  it('is held to the version of VS Code whose API is compiled against', () => {
    expect(manifest.engines.vscode.replace('^', '')).toBe(
      manifest.devDependencies['@types/vscode']?.replace('^', ''),
    );
  });

  it('has a text for every placeholder, and no text that nobody uses', () => {
    const used = [...manifestText.matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]);
    expect([...new Set(used)].sort()).toEqual(Object.keys(texts).sort());
  });

  it('has no setting that nobody reads', () => {
    const source = read('src/providers/settings.ts');
    for (const name of Object.keys(manifest.contributes.configuration.properties)) {
      expect(source, name).toContain(`'${name.replace('kandev.', '')}'`);
    }
  });

  it('lets no workspace choose what runs', () => {
    const { properties } = manifest.contributes.configuration;
    for (const name of [
      'kandev.docker.host',
      'kandev.agents',
      'kandev.agentDefaults',
      'kandev.workspace.setupScript',
      'kandev.workspace.copyFiles',
      'kandev.workspace.exclude',
    ]) {
      expect(properties[name]?.scope, name).toBe('machine');
      expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toContain(name);
    }
  });

  it('has no setting that could bring in permission rules, and shows them in trusted folders alone', () => {
    const { configuration, views, commands } = manifest.contributes;
    const settings = Object.keys(configuration.properties);
    expect(settings.filter((name) => /permission|rule|approv|preset/i.test(name))).toEqual([]);
    const view = views.kandev?.find(({ id }) => id === 'kandev.permissionRules');
    expect(view?.when).toContain('isWorkspaceTrusted');
    const about = commands.filter(({ command }) => /Rules?$|Approvals$/.test(command));
    expect(about.length).toBeGreaterThan(5);
    for (const { enablement } of about) expect(enablement).toContain('isWorkspaceTrusted');
  });

  it('refers in menus and welcome texts only to commands that it contributes', () => {
    const contributed = manifest.contributes.commands.map(({ command }) => command);
    const inMenus = Object.values(manifest.contributes.menus)
      .flat()
      .flatMap(({ command }) => (command === undefined ? [] : [command]));
    const inTexts = [...JSON.stringify(texts).matchAll(/\(command:(kandev\.\w+)/g)].map(
      (match) => match[1] ?? '',
    );
    expect(inTexts.length).toBeGreaterThan(0);
    for (const command of [...inMenus, ...inTexts]) expect(contributed).toContain(command);
  });

  it('offers to move a card exactly where the table of states lets it go', () => {
    for (const { command, when } of manifest.contributes.menus['kandev.moveTo'] ?? []) {
      const to = moveTargets[command ?? ''];
      const [inTree, onBoard] = when.split(' || ');
      for (const state of taskStates) {
        const allowed = to !== undefined && nextStates(state).includes(to);
        expect(regexOf(inTree).test(`card ${state} startable`), `${command ?? ''} from ${state}`).toBe(
          allowed,
        );
        expect(regexOf(onBoard).test(state), `${command ?? ''} from ${state} on the board`).toBe(allowed);
      }
    }
  });
});

/** The last `=~ /…/` of a when clause. */
function regexOf(clause: string | undefined): RegExp {
  const source = /=~ \/(.*)\/$/.exec(clause ?? '')?.[1];
  expect(source, clause).toBeDefined();
  return new RegExp(source ?? '');
}
