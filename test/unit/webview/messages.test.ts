import { describe, expect, it } from 'vitest';
import { readAppMessage, readDrafts } from '../../../src/webview/host/messages.ts';
import { isHostMessage } from '../../../src/webview/protocol.ts';
import { emptyDraft } from '../../../src/webview/app/drafts.ts';

describe('readAppMessage', () => {
  it.each([
    [{ type: 'ready' }],
    [{ type: 'deleteCards', requestId: 1, taskIds: ['t'] }],
    [{ type: 'uiCommand', command: 'kandev.sendMessage', taskId: 't' }],
    [{ type: 'runAction', requestId: 1, action: { kind: 'openUrl', url: 'https://example.org' } }],
    [{ type: 'runAction', requestId: 1, action: { kind: 'signIn', agentTypeId: 'gemini' } }],
    [{ type: 'saveDraft', key: 'new', draft: emptyDraft('BACKLOG', '') }],
    [{ type: 'saveDraft', key: 'new', draft: null }],
    [{ type: 'execute', requestId: 3, command: 'task.stop', input: { taskId: 't' } }],
  ])('takes %j', (message) => {
    expect(readAppMessage(message)).toEqual({ ok: true, message });
  });

  it('fills in what a command leaves out', () => {
    const input = { title: '  Fix it ' };
    expect(readAppMessage({ type: 'execute', requestId: 3, command: 'task.create', input })).toMatchObject({
      ok: true,
      message: { input: { title: 'Fix it', description: '', state: 'BACKLOG', priority: 'normal' } },
    });
  });

  it('tells the page what is wrong with a command', () => {
    const input = { title: ' ' };
    expect(readAppMessage({ type: 'execute', requestId: 3, command: 'task.create', input })).toMatchObject({
      ok: false,
      requestId: 3,
      failure: { reason: 'invalid-input', message: 'A card needs a title.' },
    });
  });

  it.each([
    [null],
    ['ready'],
    [{ type: 'shutdown' }],
    [{ type: 'execute', requestId: 'x', command: 'task.stop', input: { taskId: 't' } }],
    [{ type: 'execute', requestId: 1, command: 'task.delete', input: { taskId: 't' } }],
    [
      {
        type: 'moveCards',
        requestId: 1,
        stopRuns: false,
        moves: [{ taskId: 't', to: 'LIMBO', beforeTaskId: null }],
      },
    ],
    [{ type: 'uiCommand', command: 'workbench.action.terminal.new', taskId: 't' }],
    [{ type: 'runAction', requestId: 1, action: { kind: 'openUrl', url: 'command:workbench.action.quit' } }],
    [
      {
        type: 'runAction',
        requestId: 1,
        action: { kind: 'openSetting', setting: 'security.workspace.trust' },
      },
    ],
    [{ type: 'saveDraft', key: 'new', draft: { base: {}, values: {} } }],
  ])('refuses %j', (message) => {
    expect(readAppMessage(message).ok).toBe(false);
  });
});

describe('readDrafts', () => {
  it('keeps what it can read and drops the rest', () => {
    const draft = emptyDraft('TODO', 'demo');
    expect(readDrafts({ new: draft, old: { title: 'from another version' } })).toEqual({ new: draft });
    expect(readDrafts(undefined)).toEqual({});
  });
});

describe('isHostMessage', () => {
  it('tells the messages of the extension from others', () => {
    expect(isHostMessage({ type: 'loading' })).toBe(true);
    expect(isHostMessage({ type: 'vscode-something' })).toBe(false);
    expect(isHostMessage('loading')).toBe(false);
    expect(isHostMessage(null)).toBe(false);
  });
});
