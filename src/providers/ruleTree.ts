import {
  DataTransferItem,
  EventEmitter,
  l10n,
  ThemeIcon,
  TreeItem,
  TreeItemCheckboxState,
  window,
  type DataTransfer,
  type TreeDataProvider,
  type TreeDragAndDropController,
  type TreeView,
} from 'vscode';
import type { Kandev, QueryResults } from '../api/contract.ts';
import { inOrder, type PresetChoice } from '../model/permissionRule.ts';
import { oneLine, plainLabel } from './agentText.ts';
import { shownBoard, type BoardState } from './boardState.ts';
import { agentName } from './cardText.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';
import { presetDetail, presetLabel, ruleLabel } from './ruleWords.ts';

type RulesView = QueryResults['rules'];
type Rule = RulesView['rules'][number];

export interface RuleNode {
  kind: 'rule';
  ruleId: string;
}
/** What becomes of requests that no rule decides; null: of all agents that have no choice of their own. */
export interface PresetNode {
  kind: 'preset';
  agentTypeId: string | null;
}
type Node = RuleNode | PresetNode;

const mimeType = 'application/vnd.kandev.rule';
/** How long is waited for further changes before the list is read anew, in milliseconds. */
const gatherMs = 200;

/** The permission rules in the order in which they are looked at, and below them what counts for everything else. */
export class RuleTree implements TreeDataProvider<Node>, TreeDragAndDropController<Node> {
  readonly dragMimeTypes = [mimeType];
  readonly dropMimeTypes = [mimeType];
  readonly #kandev: Kandev;
  readonly #state: BoardState;
  readonly #failures: FailureMessages;
  readonly #disposables = new DisposableStore();
  readonly #emitter = this.#disposables.add(new EventEmitter<undefined>());
  readonly onDidChangeTreeData = this.#emitter.event;
  readonly #view: TreeView<Node>;
  /** VS Code knows a node by its object. */
  readonly #nodes = new Map<string, RuleNode>();
  #shown: RulesView | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(kandev: Kandev, state: BoardState, failures: FailureMessages) {
    this.#kandev = kandev;
    this.#state = state;
    this.#failures = failures;
    this.#view = this.#disposables.add(
      window.createTreeView<Node>('kandev.permissionRules', {
        treeDataProvider: this,
        dragAndDropController: this,
        manageCheckboxStateManually: true,
      }),
    );
    this.#disposables.add(
      this.#view.onDidChangeCheckboxState(({ items }) => {
        for (const [node, checked] of items) {
          if (node.kind === 'rule') void this.#enable(node, checked === TreeItemCheckboxState.Checked);
        }
      }),
    );
    // Each answer of a rule counts, and the titles of cards stand in its words.
    this.#disposables.add(
      state.onDidChange(() => {
        this.#changed();
      }),
    );
    this.#disposables.add(
      this.#view.onDidChangeVisibility(({ visible }) => {
        if (visible) this.#changed();
      }),
    );
  }

  dispose(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#disposables.dispose();
  }

  /** The rule that is selected, for commands that are called by a key. */
  get selected(): string | null {
    const [node] = this.#view.selection;
    return node?.kind === 'rule' ? node.ruleId : null;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node) return [];
    // Before there is a board there is nothing to ask for.
    if (this.#state.current.status !== 'ready') return [];
    this.#shown = (await this.#failures.guard(() => this.#kandev.query('rules', {}))) ?? null;
    if (!this.#shown) return [];
    const { rules, presets } = this.#shown;
    const boardId = shownBoard(this.#state)?.id;
    const agents = presets.filter((choice) => choice.boardId === boardId && choice.agentTypeId !== null);
    return [
      ...inOrder(rules).map(({ id }) => this.#node(id)),
      ...agents.map(({ agentTypeId }) => ({ kind: 'preset', agentTypeId }) as const),
      { kind: 'preset', agentTypeId: null },
    ];
  }

  getParent(): undefined {
    return undefined;
  }

  getTreeItem(node: Node): TreeItem {
    if (node.kind === 'preset') return this.#presetItem(node);
    const rule = this.#shown?.rules.find(({ id }) => id === node.ruleId);
    return rule ? this.#ruleItem(rule) : new TreeItem('');
  }

  handleDrag([node]: readonly Node[], data: DataTransfer): void {
    if (node?.kind === 'rule') data.set(mimeType, new DataTransferItem(node.ruleId));
  }

  async handleDrop(target: Node | undefined, data: DataTransfer): Promise<void> {
    const ruleId: unknown = data.get(mimeType)?.value;
    if (typeof ruleId !== 'string') return;
    const beforeRuleId = target?.kind === 'rule' ? target.ruleId : null;
    if (beforeRuleId !== ruleId) {
      await this.#failures.guard(() => this.#kandev.execute('rule.place', { ruleId, beforeRuleId }));
    }
  }

  #enable({ ruleId }: RuleNode, isEnabled: boolean): Promise<unknown> {
    return this.#failures.guard(() => this.#kandev.execute('rule.update', { ruleId, isEnabled }));
  }

  #node(ruleId: string): RuleNode {
    let node = this.#nodes.get(ruleId);
    if (!node) this.#nodes.set(ruleId, (node = { kind: 'rule', ruleId }));
    return node;
  }

  /** Nothing is read while nobody looks. */
  #changed(): void {
    if (!this.#view.visible || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#emitter.fire(undefined);
    }, gatherMs);
  }

  #ruleItem(rule: Rule): TreeItem {
    const label = ruleLabel(this.#state, rule, rule.scopeName);
    // What it is for stands behind how often it has matched, so that this is seen where there is little room.
    const short = ruleLabel(this.#state, { ...rule, scope: 'workspace', scopeId: null });
    const item = new TreeItem(plainLabel(short));
    item.id = `rule:${rule.id}`;
    item.description =
      rule.scopeName === null ? countMark(rule) : `${countMark(rule)} · ${oneLine(rule.scopeName)}`;
    item.iconPath = new ThemeIcon(decisionIcons[rule.decision]);
    item.contextValue = 'rule';
    item.checkboxState = {
      state: rule.isEnabled ? TreeItemCheckboxState.Checked : TreeItemCheckboxState.Unchecked,
      tooltip: rule.isEnabled ? l10n.t('Switch this rule off') : l10n.t('Switch this rule on'),
      accessibilityInformation: { label: l10n.t('Rule is on') },
    };
    item.tooltip = [label, matchedText(rule), madeText(rule)].join('\n');
    item.accessibilityInformation = {
      label: [label, rule.isEnabled ? '' : l10n.t('off'), matchedText(rule)].filter(Boolean).join(', '),
    };
    return item;
  }

  #presetItem({ agentTypeId }: PresetNode): TreeItem {
    const { presets = [] } = this.#shown ?? {};
    const boardId = shownBoard(this.#state)?.id;
    const found = presets.find(
      (choice: PresetChoice) => choice.boardId === boardId && choice.agentTypeId === agentTypeId,
    );
    const preset = found?.preset ?? 'ask';
    const agentTypes = this.#state.current.status === 'ready' ? this.#state.current.agentTypes : [];
    const who =
      agentTypeId === null
        ? l10n.t('Otherwise')
        : l10n.t('Otherwise, {0}', agentName(agentTypes, agentTypeId) ?? agentTypeId);
    const item = new TreeItem(l10n.t('{0}: {1}', who, presetLabel(preset)));
    item.id = `preset:${agentTypeId ?? ''}`;
    item.iconPath = new ThemeIcon(preset === 'all' ? 'warning' : 'shield');
    item.tooltip = presetDetail(preset);
    item.contextValue = 'preset';
    item.command = {
      command: 'kandev.chooseApprovals',
      title: l10n.t('Choose…'),
      arguments: [{ kind: 'preset', agentTypeId } satisfies PresetNode],
    };
    return item;
  }
}

const decisionIcons = { allow: 'check', reject: 'circle-slash', ask: 'question' } as const;

/** Short, for there is little room behind the words of a rule. */
function countMark({ matches }: Rule): string {
  return `${matches}×`;
}

function countText({ matches }: Rule): string {
  if (matches === 0) return l10n.t('never matched');
  return matches === 1 ? l10n.t('matched once') : l10n.t('matched {0} times', matches);
}

function matchedText(rule: Rule): string {
  const { lastMatchAt } = rule;
  if (lastMatchAt === null) return l10n.t('It has not matched yet.');
  return l10n.t('{0}, last on {1}', countText(rule), new Date(lastMatchAt).toLocaleString());
}

function madeText({ createdBy, createdAt }: Rule): string {
  if (createdAt === 0) return l10n.t('Comes with Kandev.');
  return l10n.t('Made by {0} on {1}', createdBy, new Date(createdAt).toLocaleString());
}
