import { env, l10n, QuickPickItemKind, window, type QuickPickItem } from 'vscode';
import { gatewayScopes, type GatewayScope } from '../model/gateway.ts';
import type { CommandContext, CommandHandler, CommandTable } from './commandContext.ts';
import { tell } from './tellResult.ts';

/** The API gateway: on, off, where it is, and who may use it. */
export const gatewayCommands: CommandTable = {
  'kandev.startGateway': async (context) => {
    const { url } = await context.kandev.execute('gateway.start', {});
    if (url === null) return;
    const message = l10n.t(
      'The API gateway listens at {0}, for programs of this machine that have a token.',
      url,
    );
    tell(context, 'info', message, [
      { label: l10n.t('Copy Address'), act: async () => env.clipboard.writeText(url) },
      { label: l10n.t('Create Token…'), act: () => createToken(context) },
    ]);
  },

  'kandev.stopGateway': async (context) => {
    await context.kandev.execute('gateway.stop', {});
    void window.showInformationMessage(l10n.t('The API gateway is off. Tokens stay good for the next time.'));
  },

  'kandev.showGateway': showGateway,

  'kandev.copyGatewayAddress': async (context) => {
    const { url } = await context.kandev.query('gateway', {});
    if (url === null) await offerStart(context);
    else await env.clipboard.writeText(url);
  },

  'kandev.createApiToken': createToken,
  'kandev.revokeApiTokens': revokeTokens,
};

async function offerStart(context: CommandContext): Promise<void> {
  const start = l10n.t('Start');
  const chosen = await window.showInformationMessage(l10n.t('The API gateway is off.'), start);
  if (chosen === start) await gatewayCommands['kandev.startGateway']?.(context);
}

interface ActionItem extends QuickPickItem {
  run?: CommandHandler;
}

/** What there is to do with the gateway as it is. */
async function showGateway(context: CommandContext): Promise<void> {
  const { url } = await context.kandev.query('gateway', {});
  const command = (id: `kandev.${string}`, label: string): ActionItem => ({
    label,
    run: (given) => gatewayCommands[id]?.(given) ?? Promise.resolve(),
  });
  const items: ActionItem[] =
    url === null
      ? [command('kandev.startGateway', `$(play) ${l10n.t('Start API Gateway')}`)]
      : [
          { ...command('kandev.copyGatewayAddress', `$(copy) ${l10n.t('Copy Address')}`), description: url },
          command('kandev.stopGateway', `$(debug-stop) ${l10n.t('Stop API Gateway')}`),
        ];
  const picked = await window.showQuickPick<ActionItem>(
    [
      ...items,
      { label: '', kind: QuickPickItemKind.Separator },
      command('kandev.createApiToken', `$(key) ${l10n.t('Create API Token…')}`),
      command('kandev.revokeApiTokens', `$(trash) ${l10n.t('Revoke API Tokens…')}`),
    ],
    {
      title: url === null ? l10n.t('API Gateway: Off') : l10n.t('API Gateway: {0}', url),
      placeHolder: l10n.t('Programs of this machine can use the board through it'),
    },
  );
  await picked?.run?.(context);
}

/** The token is shown once, on a button: whoever looks over a shoulder sees nothing of it. */
async function createToken(context: CommandContext): Promise<void> {
  const title = l10n.t('Create API Token');
  const name = await window.showInputBox({
    title,
    prompt: l10n.t('Which program is it for? Its name stands in the history of the cards that it changes.'),
    placeHolder: l10n.t('For example: Nightly script'),
    ignoreFocusOut: true,
    validateInput: (value) => (value.trim() === '' ? l10n.t('A token needs a name.') : undefined),
  });
  if (name === undefined) return;
  const scopes = await window.showQuickPick(scopeItems(), {
    title,
    placeHolder: l10n.t('What may it do?'),
    canPickMany: true,
    ignoreFocusOut: true,
  });
  if (!scopes || scopes.length === 0) return;
  const days = await window.showQuickPick(dayItems(), {
    title,
    placeHolder: l10n.t('For how long?'),
    ignoreFocusOut: true,
  });
  if (!days) return;
  const { token } = await context.kandev.execute('gateway.createToken', {
    name,
    scopes: scopes.map(({ scope }) => scope),
    days: days.days,
  });
  const copy = l10n.t('Copy Token');
  const detail = l10n.t(
    'Whoever has it can do this with the board until it expires or you revoke it. It is kept nowhere: copy it now.',
  );
  const question = l10n.t('The token “{0}” is ready.', name);
  if ((await window.showInformationMessage(question, { modal: true, detail }, copy)) !== copy) return;
  await env.clipboard.writeText(token);
}

function scopeItems(): (QuickPickItem & { scope: GatewayScope })[] {
  const texts: Record<GatewayScope, [string, string]> = {
    read: [l10n.t('Read'), l10n.t('See cards, runs, transcripts and changes')],
    write: [l10n.t('Write'), l10n.t('Create, change, move and delete cards')],
    run: [l10n.t('Run'), l10n.t('Start, stop and message agents, and take what they have made')],
    approve: [l10n.t('Approve'), l10n.t('Answer what agents ask, in your place')],
  };
  return gatewayScopes.map((scope) => ({
    label: texts[scope][0],
    detail: texts[scope][1],
    picked: scope === 'read',
    scope,
  }));
}

function dayItems(): (QuickPickItem & { days: number })[] {
  return [
    { label: l10n.t('1 day'), days: 1 },
    { label: l10n.t('30 days'), days: 30 },
    { label: l10n.t('90 days'), days: 90 },
    { label: l10n.t('1 year'), days: 365 },
  ];
}

async function revokeTokens(context: CommandContext): Promise<void> {
  const tokens = await context.kandev.query('gateway.tokens', {});
  if (tokens.length === 0) {
    void window.showInformationMessage(l10n.t('There is no API token that is good.'));
    return;
  }
  const items = tokens.map(({ id, name, scopes, createdAt, expiresAt }) => ({
    label: name,
    description: scopes.join(', '),
    detail: l10n.t(
      'Made on {0}, good until {1}',
      new Date(createdAt).toLocaleDateString(),
      new Date(expiresAt).toLocaleDateString(),
    ),
    id,
  }));
  const picked = await window.showQuickPick(items, {
    title: l10n.t('Revoke API Tokens'),
    placeHolder: l10n.t('Which are not to be good any more?'),
    canPickMany: true,
  });
  if (!picked || picked.length === 0) return;
  await context.kandev.execute('gateway.revokeTokens', { ids: picked.map(({ id }) => id) });
}
