import { deepStrictEqual } from 'node:assert/strict';
import { commands } from 'vscode';
import { checkField, type FormElicitation, type FormField } from '../../src/acp/elicitation.ts';
import { askForField, askToConfirm } from '../../src/providers/formInput.ts';
import { QuestionForm, type QuestionAnswer } from '../../src/providers/questionForm.ts';

const about = { description: null, required: true };
const choices = ['red', 'green', 'blue'].map((value) => ({ value, title: value, description: null }));
const colour: FormField = {
  ...about,
  name: 'colour',
  title: 'Colour',
  type: 'choice',
  choices,
  default: 'green',
};
const count: FormField = {
  ...about,
  name: 'count',
  title: 'Count',
  type: 'number',
  integer: true,
  minimum: 1,
  maximum: null,
  default: 3,
};
const tags: FormField = {
  ...about,
  name: 'tags',
  title: 'Tags',
  type: 'choices',
  choices,
  minItems: 1,
  maxItems: null,
  default: ['red', 'blue'],
};
const why: FormField = {
  ...about,
  name: 'why',
  title: 'Why',
  type: 'text',
  format: null,
  minLength: null,
  maxLength: null,
  pattern: null,
  default: null,
};

function formOf(...fields: FormField[]): QuestionForm {
  const asked: FormElicitation = {
    id: '1',
    sessionId: 's',
    toolCallId: null,
    message: 'Which?',
    mode: 'form',
    title: null,
    description: null,
    fields,
  };
  return new QuestionForm(asked, checkField);
}

/** Fills a form by keys: what VS Code's keybindings for its inputs run, one for each step that is shown. */
async function fill(form: QuestionForm, keys: readonly string[]): Promise<QuestionAnswer | null> {
  const left = [...keys];
  return form.fill(async (step) => {
    const outcome = askForField('Which?', step, new AbortController().signal);
    await press(left.shift() ?? escape);
    return outcome;
  });
}

const enter = 'workbench.action.acceptSelectedQuickOpenItem';
const escape = 'workbench.action.closeQuickOpen';
const back = 'workbench.action.quickInputBack';

async function press(key: string): Promise<void> {
  await commands.executeCommand(key);
}

describe('a form of an agent', () => {
  it('is sent as it was filled in beforehand, by Enter alone', async () => {
    deepStrictEqual(await fill(formOf(colour, count, tags), [enter, enter, enter]), {
      action: 'accept',
      content: { colour: 'green', count: 3, tags: ['red', 'blue'] },
    });
  });

  it('goes back a step, and on again', async () => {
    deepStrictEqual(await fill(formOf(colour, count), [enter, back, enter, enter]), {
      action: 'accept',
      content: { colour: 'green', count: 3 },
    });
  });

  it('is put off by Escape, and goes on at the same step', async () => {
    const form = formOf(colour, count);
    deepStrictEqual(await fill(form, [enter, escape]), null);
    deepStrictEqual(await fill(form, [enter]), { action: 'accept', content: { colour: 'green', count: 3 } });
  });

  it('does not go on without what it must have', async () => {
    const form = formOf(why);
    const outcome = form.fill(async (step) => {
      const asking = askForField('Which?', step, new AbortController().signal);
      await press(enter);
      await press(escape);
      return asking;
    });
    deepStrictEqual(await outcome, null);
  });

  it('closes when the agent no longer waits', async () => {
    const closed = new AbortController();
    const outcome = formOf(count).fill((step) => {
      const asking = askForField('Which?', step, closed.signal);
      closed.abort();
      return asking;
    });
    deepStrictEqual(await outcome, null);
  });

  it('without fields is only agreed to', async () => {
    const agreeing = askToConfirm('Go on?', new AbortController().signal);
    await press(enter);
    deepStrictEqual(await agreeing, { action: 'accept', content: {} });
    const puttingOff = askToConfirm('Go on?', new AbortController().signal);
    await press(escape);
    deepStrictEqual(await puttingOff, null);
  });
});
