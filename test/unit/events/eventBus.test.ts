import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalEventBus } from '../../../src/events/eventBus.ts';
import { subjectMatches } from '../../../src/events/subjects.ts';

describe('subjects', () => {
  it.each([
    ['task.created', 'task.created', true],
    ['task.*', 'task.created', true],
    ['task.*', 'agent.started', false],
    ['*.created', 'task.created', true],
    ['acp.message.*', 'acp.message.7', true],
    ['acp.message.*', 'acp.message', false],
    ['acp.>', 'acp.message.7', true],
    ['acp.>', 'acp', false],
    ['>', 'queue.changed', true],
    ['task.*', 'task.created.twice', false],
  ])('%s takes %s: %s', (pattern, subject, expected) => {
    expect(subjectMatches(pattern, subject)).toBe(expected);
  });

  it('match themselves, with a star for any token, and > for any rest', () => {
    const token = fc.stringMatching(/^[a-z0-9_]{1,8}$/);
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 5 }), fc.nat(), (tokens, at) => {
        const subject = tokens.join('.');
        expect(subjectMatches(subject, subject)).toBe(true);
        expect(subjectMatches(tokens.with(at % tokens.length, '*').join('.'), subject)).toBe(true);
        expect(subjectMatches([...tokens.slice(0, -1), '>'].join('.'), subject)).toBe(true);
        expect(subjectMatches(`${subject}.*`, subject)).toBe(false);
      }),
    );
  });
});

describe('the event bus', () => {
  it('delivers to those who asked for the subject, with an envelope around the data', () => {
    const bus = new LocalEventBus('test', () => undefined);
    const heard: string[] = [];
    bus.subscribe('queue.*', (event) => heard.push(`queue ${event.type} ${event.source}`));
    bus.subscribe('task.*', (event) => heard.push(`task ${event.type}`));
    bus.publish('queue.changed', { length: 2 });
    bus.publish('task.deleted', { taskId: 't', boardId: 'b' });
    expect(heard).toEqual(['queue queue.changed test', 'task task.deleted']);
  });

  it('does not let a listener that throws disturb the others, and reports it', () => {
    const errors: unknown[] = [];
    const bus = new LocalEventBus('test', (error) => errors.push(error));
    let heard = 0;
    bus.subscribe('>', () => {
      throw new Error('broken listener');
    });
    bus.subscribe('>', () => heard++);
    bus.publish('queue.changed', { length: 0 });
    expect(heard).toBe(1);
    expect(errors).toEqual([new Error('broken listener')]);
  });

  it('tells nothing to a listener that has left', () => {
    const bus = new LocalEventBus('test', () => undefined);
    let heard = 0;
    const subscription = bus.subscribe('>', () => heard++);
    bus.publish('queue.changed', { length: 0 });
    subscription.dispose();
    bus.publish('queue.changed', { length: 1 });
    expect(heard).toBe(1);
  });
});
