import { describe, expect, test } from 'vitest';
import { agentError } from '../../../src/acp/errors.ts';
import { providerRefusal, providerRefusalIn } from '../../../src/acp/providerRefusal.ts';
import { builtInAgentTypes } from '../../../src/agents/registry.ts';
import { seenErrors, seenMessages } from './providerErrors.ts';

describe('what a provider refused is told from the error that the agent hands on', () => {
  test.each(seenErrors)('$agent, $status', ({ error: { code, message, data }, refusal }) => {
    expect(providerRefusal(agentError(code, message, data))).toBe(refusal);
  });

  test.each(seenMessages)('$agent, $status, at the end of a turn', ({ agent, text, refusal }) => {
    const quirks = builtInAgentTypes.find(({ id }) => id === agent)?.quirks;
    expect(text).toMatch(new RegExp(quirks?.errorMessage ?? '(?!)'));
    expect(providerRefusalIn(text)).toBe(refusal);
  });

  test('an error in JSON is told in its words', () => {
    const { message } = agentError(
      401,
      '{"error":{"code":401,"message":"Incorrect API key provided."}}',
      null,
    );
    expect(message).toBe('Incorrect API key provided.');
  });

  test.each([
    ['exceeded retry limit, last status: 429 Too Many Requests', 'quota'],
    ['API Error: 401 {"type":"error","error":{"type":"authentication_error"}}', 'credentials'],
    ['You exceeded your current quota, please check your plan and billing details.', 'quota'],
    ['HTTP error: 503 Service Unavailable', 'unavailable'],
    ['API key not valid. Please pass a valid API key.', 'credentials'],
    ['Overloaded', 'unavailable'],
  ])('%s', (text, refusal) => {
    expect(providerRefusalIn(text)).toBe(refusal);
  });

  test.each([
    'The tests fail in line 429 of app.ts',
    'I have added a check for status codes to the login page',
    'Internal error',
    'listening on port: 4010',
    'error TS4011: …',
  ])('nothing of it: %s', (text) => {
    expect(providerRefusalIn(text)).toBeNull();
  });

  test('an error says what stands in its data, once', () => {
    expect(agentError(-32603, 'Internal error', { details: '401 No key' }).message).toBe(
      'Internal error: 401 No key',
    );
    expect(agentError(-32603, 'Internal error: 401 No key', { message: '401 No key' }).message).toBe(
      'Internal error: 401 No key',
    );
    expect(agentError(-32603, 'Internal error', null).message).toBe('Internal error');
    expect(agentError(-32603, 'Internal error', { details: { deep: true } }).message).toBe('Internal error');
  });
});
