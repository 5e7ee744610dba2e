import { l10n, window, type QuickPickItem } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { parseHostRule, type NetworkAccess } from '../model/networkAccess.ts';
import {
  leastCpus,
  leastMemoryMb,
  leastPids,
  withResources,
  type ResourceChanges,
  type Resources,
} from '../model/resources.ts';
import type { CommandContext } from './commandContext.ts';

interface FieldItem extends QuickPickItem {
  field: keyof Resources | 'reset';
}

/** Asks what the runs of a card may use, one thing after the other until the user has enough. */
export async function editResources({ kandev, state }: CommandContext, { task }: CardView): Promise<void> {
  const types = await kandev.query('agentTypes', {});
  const base = types.find(({ id }) => id === task.agentTypeId)?.resources;
  if (!base) return;
  const engine = state.current.status === 'ready' ? (state.current.engine?.engine ?? null) : null;
  let changes: ResourceChanges | null = task.resources;
  for (;;) {
    const picked = await window.showQuickPick(itemsOf(base, changes, engine), {
      title: l10n.t('Resources of “{0}”', task.title),
      placeHolder: l10n.t('They count from the next run on. What do you want to change?'),
    });
    if (!picked) return;
    if (picked.field === 'reset') changes = null;
    else {
      const change = await ask(picked.field, withResources(base, changes));
      if (change === undefined) continue;
      changes = { ...changes, ...change };
    }
    await kandev.execute('task.setResources', { taskId: task.id, resources: sendable(changes) });
  }
}

function itemsOf(
  base: Resources,
  changes: ResourceChanges | null,
  engine: { cpus: number; memoryMb: number } | null,
): FieldItem[] {
  const { cpus, memoryMb, pids, network } = withResources(base, changes);
  const clamped = engine && cpus > engine.cpus ? l10n.t('Docker has {0}: it gets no more', engine.cpus) : '';
  const tooMuch = engine && memoryMb > engine.memoryMb ? l10n.t('Docker has {0} MB', engine.memoryMb) : '';
  return [
    { field: 'cpus', label: `$(chip) ${l10n.t('CPUs: {0}', cpus)}`, description: clamped },
    { field: 'memoryMb', label: `$(server) ${l10n.t('Memory: {0} MB', memoryMb)}`, description: tooMuch },
    { field: 'pids', label: `$(list-tree) ${l10n.t('Processes: {0}', pids)}` },
    { field: 'network', label: `$(globe) ${l10n.t('Network: {0}', networkText(network))}` },
    ...(changes === null
      ? []
      : [{ field: 'reset', label: `$(discard) ${l10n.t('As the Agent Has It')}` } as const]),
  ];
}

function networkText(network: NetworkAccess): string {
  if (network === 'bridge') return l10n.t('everything');
  if (network === 'none') return l10n.t('nothing');
  return network.length === 0 ? l10n.t('nothing') : network.join(', ');
}

async function ask(field: keyof Resources, now: Resources): Promise<ResourceChanges | undefined> {
  switch (field) {
    case 'cpus':
      return askNumber(l10n.t('How many CPUs?'), now.cpus, leastCpus, false, (cpus) => ({ cpus }));
    case 'memoryMb':
      return askNumber(l10n.t('How many MB of memory?'), now.memoryMb, leastMemoryMb, true, (memoryMb) => ({
        memoryMb,
      }));
    case 'pids':
      return askNumber(l10n.t('How many processes at the same time?'), now.pids, leastPids, true, (pids) => ({
        pids,
      }));
    case 'network':
      return askNetwork(now.network);
  }
}

async function askNumber(
  prompt: string,
  value: number,
  least: number,
  whole: boolean,
  change: (value: number) => ResourceChanges,
): Promise<ResourceChanges | undefined> {
  const typed = await window.showInputBox({
    prompt,
    value: String(value),
    ignoreFocusOut: true,
    validateInput: (text) => {
      const number = Number(text.trim().replace(',', '.'));
      if (text.trim() === '' || !Number.isFinite(number) || (whole && !Number.isInteger(number))) {
        return whole ? l10n.t('It must be a whole number.') : l10n.t('It must be a number.');
      }
      return number < least ? l10n.t('It must be at least {0}.', least) : undefined;
    },
  });
  return typed === undefined ? undefined : change(Number(typed.trim().replace(',', '.')));
}

async function askNetwork(network: NetworkAccess): Promise<ResourceChanges | undefined> {
  const items = [
    {
      label: l10n.t('Everything'),
      description: l10n.t('What this machine reaches'),
      access: 'bridge' as const,
    },
    {
      label: l10n.t('Only Some Hosts…'),
      description: l10n.t('Through a proxy beside it'),
      access: 'hosts' as const,
    },
    { label: l10n.t('Nothing'), access: 'none' as const },
  ];
  const picked = await window.showQuickPick(items, {
    placeHolder: l10n.t('What may the agent reach over the network?'),
  });
  if (!picked) return undefined;
  if (picked.access !== 'hosts') return { network: picked.access };
  const typed = await window.showInputBox({
    prompt: l10n.t('Hosts, separated by commas: api.example.com, *.example.com, git.example.com:8443'),
    value: typeof network === 'string' ? '' : network.join(', '),
    ignoreFocusOut: true,
    validateInput: (text) => {
      const wrong = hostsIn(text).find((entry) => parseHostRule(entry) === null);
      return wrong === undefined ? undefined : l10n.t('“{0}” is not a host.', wrong);
    },
  });
  return typed === undefined ? undefined : { network: hostsIn(typed) };
}

function hostsIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}

/** With lists that may be written to, as the contract has them. */
function sendable(changes: ResourceChanges | null) {
  if (changes === null) return null;
  const { network, ...numbers } = changes;
  if (network === undefined || typeof network === 'string') return { ...numbers, network };
  return { ...numbers, network: [...network] };
}
