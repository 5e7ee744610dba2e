import { randomUUID } from 'node:crypto';
import type { EventBus } from '../events/eventBus.ts';
import { UserError } from '../model/failure.ts';
import type { PermissionRequest } from '../model/permission.ts';
import {
  alwaysDecision,
  decide,
  matches,
  optionFor,
  ruleProblem,
  type PastRequest,
  type PermissionRule,
  type PresetChoice,
  type RuleDraft,
  type RuleProblem,
} from '../model/permissionRule.ts';
import { ruleProposals } from '../model/ruleProposals.ts';
import type { PermissionDesk } from '../orchestrator/permissionDesk.ts';
import type { RuleBook } from '../orchestrator/ruleBook.ts';
import type { NamedRule } from '../store/ruleStore.ts';
import type { Store } from '../store/store.ts';
import { withoutUndefined } from './parseInput.ts';
import type {
  RuleCommandTable,
  RuleQueryResults,
  RuleQueryTable,
  RuleTest,
  TestedRequest,
} from './ruleContract.ts';

export interface RuleServices {
  store: Store;
  events: EventBus;
  permissions: PermissionDesk;
  rules: RuleBook;
}

/** So many requests are tried before the others have their turn. */
const testedAtOnce = 50;

/**
 * The rules by which requests of agents are answered without asking. They are made by people and stand in the database
 * of the folder: nothing in the folder itself, and no setting, can add one.
 */
export class Rules {
  readonly #services: RuleServices;
  readonly #actor: () => string;

  constructor(services: RuleServices, actor: () => string) {
    this.#services = services;
    this.#actor = actor;
  }

  commands(): RuleCommandTable {
    const { store } = this.#services;
    return {
      'rule.create': ({ id, ...draft }) => this.#create(draft, id),
      'rule.update': async ({ ruleId, ...changed }) => {
        const patch = withoutUndefined(changed);
        const rule = await this.#rule(ruleId);
        check({ ...rule, ...patch });
        return this.#effective(await store.write('rule.update', { ruleId, patch }));
      },
      'rule.delete': async ({ ruleId }) => {
        const rule = await store.write('rule.delete', { ruleId, at: Date.now() });
        await this.#reconsider();
        return rule;
      },
      'rule.restore': async ({ ruleId }) => this.#effective(await store.write('rule.restore', { ruleId })),
      'rule.place': async (place) => {
        await store.write('rule.place', place);
        await this.#reconsider();
        return null;
      },
      'rule.setPreset': async (choice) => {
        await store.write('rule.putPreset', choice);
        return { answered: await this.#reconsider() };
      },
    };
  }

  queries(): RuleQueryTable {
    return {
      rules: async () => {
        const { rules, presets } = await this.#services.rules.now();
        return { rules: [...rules], presets: [...presets] };
      },
      'rule.test': (test) => this.#test(test),
    };
  }

  /**
   * Answers a request for its user. An answer for good becomes a rule of Kandev's, and the agent is told the answer for
   * this time: what an agent remembers by itself can neither be seen nor taken back.
   */
  async answer(requestId: string, optionId: string | null): Promise<void> {
    const { store, permissions, events } = this.#services;
    const open = await store.query('openPermissionRequests', {});
    const request = open.find(({ id }) => id === requestId);
    const option = request?.options.find((each) => each.optionId === optionId);
    const decision = request && option ? alwaysDecision(request, option) : null;
    const draft = request && decision && (await this.#usualRule(request, decision));
    if (!option || !decision || !draft) {
      await permissions.answer(requestId, optionId, this.#actor());
      return;
    }
    const once = optionFor(decision, request.options) ?? option;
    await permissions.answer(requestId, once.optionId, this.#actor());
    const { rule, answered } = await this.#create(draft);
    events.publish('rule.made', { taskId: request.taskId, requestId, rule, answered });
  }

  async #usualRule(request: PermissionRequest, decision: 'allow' | 'reject'): Promise<RuleDraft | null> {
    const { runId, diffs } = request;
    const context = await this.#services.store.query('ruleContext', { runId });
    return context && ruleProposals({ ...request, ...context, hasDiffs: diffs.length > 0 }, decision).usual;
  }

  async #create(
    draft: RuleDraft,
    id: string = randomUUID(),
  ): Promise<{ rule: PermissionRule; answered: number }> {
    check(draft);
    const { rules } = await this.#services.rules.now();
    const same = rules.find((rule) => partsOf(rule) === partsOf(draft));
    if (same) return this.#effective(same);
    const rule = await this.#services.store.write('rule.insert', {
      rule: { ...draft, id, matches: 0, lastMatchAt: null, createdBy: this.#actor(), createdAt: Date.now() },
    });
    return this.#effective(rule);
  }

  async #effective(rule: PermissionRule): Promise<{ rule: PermissionRule; answered: number }> {
    return { rule, answered: await this.#reconsider() };
  }

  async #reconsider(): Promise<number> {
    const answered = await this.#services.permissions.reconsider();
    this.#services.events.publish('rules.changed', { answered });
    return answered;
  }

  async #rule(ruleId: string): Promise<PermissionRule> {
    const { rules } = await this.#services.rules.now();
    const rule = rules.find(({ id }) => id === ruleId);
    if (!rule) throw new UserError({ reason: 'not-found', message: 'This rule no longer exists.' });
    return rule;
  }

  async #test({ ruleId, rule: draft, limit }: RuleTest): Promise<RuleQueryResults['rule.test']> {
    check(draft);
    const [{ rules, presets }, past] = await Promise.all([
      this.#services.rules.now(),
      this.#services.store.query('pastRequests', { before: Date.now() + 1, limit }),
    ]);
    const replaced = rules.find(({ id }) => id === ruleId);
    const tried: NamedRule = {
      ...{ id: ruleId ?? 'tried', position: -Infinity, matches: 0, lastMatchAt: null },
      ...{ createdBy: '', createdAt: 0, scopeName: null, ...replaced, ...draft },
    };
    const after = [tried, ...rules.filter((rule) => rule !== replaced)];
    const requests: TestedRequest[] = [];
    for (const [index, request] of past.entries()) {
      // Hundreds of requests and rules: other things go on meanwhile.
      if (index % testedAtOnce === 0) await new Promise(setImmediate);
      const wasMatch = replaced !== undefined && matches(replaced, request);
      if (!wasMatch && !matches(tried, request)) continue;
      requests.push(tested(request, tried, { before: rules, after, presets }));
    }
    return { lookedAt: past.length, requests };
  }
}

interface Compared {
  before: readonly NamedRule[];
  after: readonly NamedRule[];
  presets: readonly PresetChoice[];
}

function tested(request: PastRequest, rule: RuleDraft, { before, after, presets }: Compared): TestedRequest {
  const option = request.options.find(({ optionId }) => optionId === request.answer);
  const outcome = (rules: readonly NamedRule[]): TestedRequest['after'] => {
    const { decision } = decide(request, rules, presets);
    return optionFor(decision, request.options) ? decision : 'ask';
  };
  return {
    requestId: request.id,
    ...pick(request),
    paths: request.places.map(({ path }) => path),
    answer: option ? { name: option.name, kind: option.kind } : null,
    isMatch: matches(rule, request),
    before: outcome(before),
    after: outcome(after),
  };
}

function pick({ taskId, taskTitle, title, toolKind, command, requestedAt, answeredBy }: PastRequest) {
  return { taskId, taskTitle, title, toolKind, command, requestedAt, answeredBy };
}

function partsOf({
  scope,
  scopeId,
  agentTypeId,
  toolKind,
  path,
  command,
  title,
  decision,
  isEnabled,
}: RuleDraft): string {
  return JSON.stringify([scope, scopeId, agentTypeId, toolKind, path, command, title, decision, isEnabled]);
}

/** @throws UserError `invalid-input` */
function check(draft: RuleDraft): void {
  const problem = ruleProblem(draft);
  if (problem) throw new UserError({ reason: 'invalid-input', message: problems[problem] });
}

const problems: Record<RuleProblem, string> = {
  scope: 'A rule for a run, a card or a board has to say which one.',
  'path-up': 'A path of a rule begins at the top of the workspace and has no “..” in it.',
  'path-outside':
    'What lies outside of the workspace can be rejected or asked about by its path, but not allowed: Kandev cannot see where links there lead.',
  'command-chained':
    'A command with “*” can be allowed only where it is a single one: without ;, &, |, <, >, $, quotes left open and line breaks. What comes behind them could be anything.',
};
