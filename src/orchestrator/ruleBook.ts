import type { AgentType } from '../model/agentType.ts';
import type { PermissionRequest, Ruling } from '../model/permission.ts';
import {
  decide,
  optionFor,
  type PermissionRule,
  type PresetChoice,
  type RuleSubject,
} from '../model/permissionRule.ts';
import { presetText, ruleText } from '../model/ruleText.ts';
import type { NamedRule } from '../store/ruleStore.ts';
import type { Store } from '../store/store.ts';

type Ruled = Pick<
  PermissionRequest,
  'runId' | 'taskId' | 'toolKind' | 'title' | 'command' | 'diffs' | 'places' | 'options'
>;

/** The user's rules as they are at one moment. */
export interface RulesNow {
  rules: readonly NamedRule[];
  presets: readonly PresetChoice[];
}

/** What the user's rules say of a request, and the agent's own answer for that; null: the user is to be asked. */
export interface RuleAnswer {
  ruling: Ruling;
  optionId: string | null;
}

/** Looks requests up in the user's rules, which stand in the database of the folder and nowhere else. */
export class RuleBook {
  readonly #store: Store;
  readonly #agentTypes: () => readonly AgentType[];

  constructor(store: Store, agentTypes: () => readonly AgentType[]) {
    this.#store = store;
    this.#agentTypes = agentTypes;
  }

  async now(): Promise<RulesNow> {
    const [rules, presets] = await Promise.all([
      this.#store.query('permissionRules', {}),
      this.#store.query('permissionPresets', {}),
    ]);
    return { rules, presets };
  }

  /** @param now left out: as they are when this is called */
  async lookUp(request: Ruled, now?: RulesNow): Promise<RuleAnswer> {
    const [{ rules, presets }, context] = await Promise.all([
      now ?? this.now(),
      this.#store.query('ruleContext', { runId: request.runId }),
    ]);
    // Its run is gone: nobody waits for the answer.
    if (context === null) return { ruling: nothing, optionId: null };
    const subject: RuleSubject = { ...request, ...context, hasDiffs: request.diffs.length > 0 };
    const { decision, rule, preset } = decide(subject, rules, presets);
    const text = rule ? this.textOf(rule, rule.scopeName) : preset ? presetText(preset) : '';
    const by = rule ? 'rule' : preset ? 'preset' : 'none';
    const option = optionFor(decision, request.options);
    const isUnfit = decision !== 'ask' && option === null;
    return {
      ruling: {
        decision: isUnfit ? 'ask' : decision,
        ...{ by, ruleId: rule?.id ?? null, text, isUnfit },
      },
      optionId: option?.optionId ?? null,
    };
  }

  /** A rule in plain words. */
  textOf(rule: Omit<PermissionRule, 'id' | 'position'>, scopeName: string | null): string {
    const agent = this.#agentTypes().find(({ id }) => id === rule.agentTypeId)?.name ?? null;
    return ruleText(rule, { agent, scope: scopeName });
  }
}

const nothing: Ruling = { decision: 'ask', by: 'none', ruleId: null, text: '', isUnfit: false };
