import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandInput } from '../../../src/api/contract.ts';
import type { PermissionRequest } from '../../../src/model/permission.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
  await mkdir(join(services.folder, 'src'));
  await mkdir(join(services.folder, 'secret'));
  await writeFile(join(services.folder, 'src', 'a.ts'), '');
});

afterEach(() => services.close());

const both = 'options=allow_once:once:Allow,allow_always:always:Always,reject_once:no:Reject';

/** A card whose agent asks these one after the other, and says which answers it got. */
async function asking(...questions: string[]): Promise<string> {
  const steps = questions.flatMap((question) => [
    `permission ${question}`,
    'on allow message yes',
    'on reject message no',
  ]);
  const taskId = await services.card(steps);
  await services.kandev.execute('task.start', { taskId });
  return taskId;
}

function allow(
  rule: Partial<CommandInput<'rule.create'>>,
): Promise<{ answered: number; rule: { id: string } }> {
  return services.kandev.execute('rule.create', { decision: 'allow', ...rule });
}

async function open(taskId: string): Promise<PermissionRequest> {
  const { permissions } = await services.until(taskId, ({ permissions }) => permissions.length > 0);
  const [request] = permissions;
  if (!request) throw new Error('nothing is asked');
  return request;
}

async function over(taskId: string): Promise<string[]> {
  const { run } = await services.until(taskId, ({ task }) => task.state === 'REVIEW');
  const entries = await services.kandev.query('run.transcript', { runId: run?.id ?? '' });
  return entries.filter(({ kind }) => kind === 'message' || kind === 'notice').map(({ text }) => text.trim());
}

async function rulesNow() {
  return (await services.kandev.query('rules', {})).rules.filter(({ createdBy }) => createdBy !== 'kandev');
}

const answers = (): string[] =>
  services.log.lines.flatMap(
    (line) => /^out .*"outcome":"selected","optionId":"(\w+)"/.exec(line)?.[1] ?? [],
  );

describe('a rule', () => {
  it('answers before anybody is asked, and says so', async () => {
    const { rule } = await allow({ toolKind: 'read', path: '**' });
    const taskId = await asking(`"Read it" kind=read path=src/a.ts ${both}`);
    expect(await over(taskId)).toEqual([
      'Allowed by the rule “Allow reads in this workspace”: Read it',
      'yes',
    ]);
    expect(answers()).toEqual(['once']);
    expect(services.events.filter(({ type }) => type === 'permission.requested')).toEqual([]);
    const told = services.events.find(({ type }) => type === 'permission.resolved')?.data;
    expect(told).toMatchObject({
      request: {
        answeredBy: 'the rule “Allow reads in this workspace”',
        ruling: { decision: 'allow', by: 'rule', ruleId: rule.id, isUnfit: false },
        places: [{ path: 'src/a.ts', real: 'src/a.ts' }],
      },
    });
    expect(await rulesNow()).toMatchObject([{ id: rule.id, matches: 1 }]);
    const states = services.events.flatMap(({ data }) => ('run' in data ? [data.run.state] : []));
    expect(states).not.toContain('WAITING');
  });

  it('that rejects is told the agent as a no', async () => {
    await services.kandev.execute('rule.create', { decision: 'reject', command: 'rm *' });
    const taskId = await asking(`"Clean up" kind=execute command="ls && rm -rf ." ${both}`);
    expect(await over(taskId)).toEqual([
      'Rejected by the rule “Reject commands like “rm *””: Clean up',
      'no',
    ]);
    expect(answers()).toEqual(['no']);
  });

  it('that asks, and none at all, are named by the question', async () => {
    const { rule } = await services.kandev.execute('rule.create', { decision: 'ask', toolKind: 'edit' });
    const first = await asking('"Change it" kind=edit path=src/a.ts');
    expect((await open(first)).ruling).toMatchObject({ decision: 'ask', by: 'rule', ruleId: rule.id });
    await services.kandev.execute('rule.delete', { ruleId: rule.id });
    expect((await open(first)).ruling).toMatchObject({ decision: 'ask', by: 'none', ruleId: null });
  });

  it('does not speak for an agent that would remember a yes by itself', async () => {
    await allow({ toolKind: 'read' });
    const taskId = await asking(
      '"Read it" kind=read path=src/a.ts options=allow_always:always:Always,reject_once:no:Reject',
    );
    expect((await open(taskId)).ruling).toMatchObject({ decision: 'ask', by: 'rule', isUnfit: true });
  });

  it('is not got around by a link or by “..”', async () => {
    await symlink('../secret', join(services.folder, 'src', 'link'));
    await symlink('/etc', join(services.folder, 'src', 'etc'));
    await allow({ toolKind: 'edit', path: 'src/**' });
    const paths = ['src/../secret/x', 'src/link/x', 'src/etc/passwd', '/etc/passwd'];
    const wanted = [...paths, 'src/x/../new.ts'].map((path) => `"Write ${path}" kind=edit path=${path}`);
    const taskId = await asking(...wanted);
    for (const path of paths) {
      const { permissions } = await services.until(
        taskId,
        ({ permissions: [request] }) => request?.title === `Write ${path}`,
      );
      expect(permissions[0]?.ruling?.by).toBe('none');
      const requestId = permissions[0]?.id ?? '';
      await services.kandev.execute('permission.answer', { requestId, optionId: null });
    }
    expect((await over(taskId)).slice(-2)).toEqual([
      'Allowed by the rule “Allow edits of src/**”: Write src/x/../new.ts',
      'yes',
    ]);
  });

  it('that lies in the folder does not count', async () => {
    await mkdir(join(services.folder, '.kandev'));
    await mkdir(join(services.folder, '.vscode'));
    const rules = JSON.stringify([{ decision: 'allow', toolKind: 'read', path: '**' }]);
    await writeFile(join(services.folder, '.kandev', 'rules.json'), rules);
    await writeFile(join(services.folder, '.kandev', 'permissions.json'), rules);
    await writeFile(
      join(services.folder, '.vscode', 'settings.json'),
      `{"kandev.permissionRules": ${rules}}`,
    );
    await services.reopen();
    expect(await rulesNow()).toEqual([]);
    expect((await open(await asking('"Read" kind=read path=src/a.ts'))).ruling?.by).toBe('none');
  });
});

describe('an answer for good', () => {
  it('becomes a rule, is told the agent as one for this time, and answers the next request', async () => {
    const taskId = await asking(
      `"Run the tests" kind=execute command="npm test" ${both}`,
      `"Run the tests" kind=execute command="npm test" ${both}`,
      `"Run them all" kind=execute command="npm test; npm run lint" ${both}`,
    );
    const { id: requestId } = await open(taskId);
    await services.kandev.execute('permission.answer', { requestId, optionId: 'always' });
    const third = await services.until(taskId, ({ permissions }) => permissions[0]?.title === 'Run them all');
    expect(answers()).toEqual(['once', 'once']);
    expect(await rulesNow()).toMatchObject([
      {
        ...{ scope: 'card', scopeId: taskId, command: 'npm test', decision: 'allow' },
        ...{ matches: 1, createdBy: 'ann', scopeName: expect.any(String) as string },
      },
    ]);
    const made = services.events.find(({ type }) => type === 'rule.made')?.data;
    expect(made).toMatchObject({ taskId, requestId, answered: 0 });
    expect(third.permissions[0]?.ruling?.by).toBe('none');
  });

  it('is what the agent is told where it offers nothing else, and no rule where the answers are modes', async () => {
    const taskId = await asking(
      '"Go on" kind=switch_mode options=allow_always:edits:Edits,allow_once:ask:Ask,reject_once:no:No',
      '"Go on" kind=edit path=src/a.ts options=allow_always:always:Always,reject_once:no:Reject',
    );
    const first = await open(taskId);
    await services.kandev.execute('permission.answer', { requestId: first.id, optionId: 'edits' });
    const { permissions } = await services.until(
      taskId,
      ({ permissions: [request] }) => request !== undefined && request.id !== first.id,
    );
    expect(await rulesNow()).toEqual([]);
    await services.kandev.execute('permission.answer', {
      requestId: permissions[0]?.id ?? '',
      optionId: 'always',
    });
    await over(taskId);
    expect(answers()).toEqual(['edits', 'always']);
    expect(await rulesNow()).toMatchObject([{ toolKind: 'edit', path: '**' }]);
  });
});

describe('what is asked at once', () => {
  it('comes before the user in the order in which it was asked, however far its paths have to be followed', async () => {
    const taskId = await services.card([
      'permission "First" kind=edit path=src/a.ts old="" new="a" background',
      'permission "Second" kind=execute command=ls background',
      'wait',
    ]);
    await services.kandev.execute('task.start', { taskId });
    const { permissions } = await services.until(taskId, ({ permissions: asked }) => asked.length === 2);
    expect(permissions.map(({ title }) => title)).toEqual(['First', 'Second']);
  });
});

describe('a rule that is made while agents wait', () => {
  it('answers those that it is about, and tells how many', async () => {
    const waiting = await Promise.all([
      asking('"Read 1" kind=read path=src/a.ts'),
      services
        .card(['permission "Read 2" kind=read path=src/b.ts', 'permission "Run" kind=execute command=ls'])
        .then(async (taskId) => {
          await services.kandev.execute('task.update', { taskId, workspaceMode: 'copy' });
          await services.kandev.execute('task.start', { taskId });
          return taskId;
        }),
    ]);
    await Promise.all(waiting.map(open));
    const { answered, rule } = await allow({ toolKind: 'read', path: '**' });
    expect(answered).toBe(2);
    expect(await over(waiting[0])).toContain('Allowed by the rule “Allow reads in this workspace”: Read 1');
    await services.until(waiting[1], ({ permissions }) => permissions[0]?.title === 'Run');
    expect(await rulesNow()).toMatchObject([{ id: rule.id, matches: 2 }]);
    const [board] = await services.store.query('boards', {});
    const boardId = board?.id ?? '';
    // Another choice for what no rule decides counts at once, too.
    expect(await services.kandev.execute('rule.setPreset', { boardId, preset: 'all' })).toEqual({
      answered: 1,
    });
    expect(await over(waiting[1])).toContain('Allowed by the choice “Allow all in the container”: Run');
  });
});

describe('rules', () => {
  it('are taken away with a way back, changed, switched off and put in another order', async () => {
    const { rule: first } = await allow({ toolKind: 'read' });
    const { rule: second } = await allow({ toolKind: 'edit' });
    const ids = async () => (await rulesNow()).map(({ id }) => id);
    expect(await ids()).toEqual([second.id, first.id]);
    await services.kandev.execute('rule.place', { ruleId: first.id, beforeRuleId: second.id });
    expect(await ids()).toEqual([first.id, second.id]);
    await services.kandev.execute('rule.delete', { ruleId: first.id });
    expect(await ids()).toEqual([second.id]);
    await services.kandev.execute('rule.restore', { ruleId: first.id });
    expect(await ids()).toEqual([first.id, second.id]);
    await services.kandev.execute('rule.update', { ruleId: first.id, isEnabled: false });
    expect((await open(await asking('"Read" kind=read path=src/a.ts'))).ruling?.by).toBe('none');
    // The same rule made twice is one.
    await allow({ toolKind: 'edit' });
    expect(await ids()).toHaveLength(2);
  });

  it('that would not hold what they say are refused in plain words', async () => {
    await expect(allow({ command: 'npm test && *' })).rejects.toThrow('only where it is a single one');
    await expect(allow({ path: '/etc/**' })).rejects.toThrow('outside of the workspace');
    await expect(allow({ scope: 'card', scopeId: 'gone' })).rejects.toThrow('no longer exists');
  });

  it('for a run go with it', async () => {
    const taskId = await asking('"Read" kind=read path=src/a.ts');
    const { runId, id } = await open(taskId);
    await allow({ scope: 'run', scopeId: runId, toolKind: 'edit' });
    await services.kandev.execute('permission.answer', { requestId: id, optionId: null });
    await services.until(taskId, ({ run }) => run?.state === 'READY');
    expect(await rulesNow()).toHaveLength(1);
    await services.kandev.execute('task.move', { taskId, to: 'COMPLETED' });
    await services.until(taskId, ({ run }) => run?.state === 'COMPLETED');
    expect(await rulesNow()).toEqual([]);
  });

  it('can be tried on what was asked before they are made', async () => {
    const taskId = await asking(
      `"Read" kind=read path=src/a.ts ${both}`,
      `"Run" kind=execute command="npm test" ${both}`,
    );
    for (const optionId of ['once', 'no']) {
      const { id: requestId } = await open(taskId);
      await services.kandev.execute('permission.answer', { requestId, optionId });
      await services.until(taskId, ({ permissions }) => !permissions.some(({ id }) => id === requestId));
    }
    await over(taskId);
    const rule = { decision: 'allow' as const, toolKind: 'execute' };
    const { lookedAt, requests } = await services.kandev.query('rule.test', { rule });
    expect(lookedAt).toBe(2);
    expect(requests).toMatchObject([
      {
        ...{ title: 'Run', command: 'npm test', answer: { name: 'Reject', kind: 'reject_once' } },
        ...{ answeredBy: 'ann', isMatch: true, before: 'ask', after: 'allow' },
      },
    ]);
    expect(await rulesNow()).toEqual([]);
  });
});
