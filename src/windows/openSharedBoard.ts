import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installationId } from '../agents/installationId.ts';
import type { OwnerLabels } from '../agents/labels.ts';
import { openKandev } from '../api/openKandev.ts';
import { readDevcontainer } from '../agents/devcontainerFile.ts';
import { ConsentFile } from '../credentials/consent.ts';
import { DevcontainerAnswers } from '../credentials/devcontainerAnswers.ts';
import type { AgentType } from '../model/agentType.ts';
import type { Devcontainer } from '../model/devcontainer.ts';
import { namesOf } from '../model/credential.ts';
import type { EditorFiles } from '../model/editor.ts';
import type { GatewaySettings, GatewayStatus, SecretKeeper } from '../model/gateway.ts';
import type { Notice } from '../model/failure.ts';
import type { RunLog } from '../model/runLog.ts';
import type { HostSettings } from '../model/settings.ts';
import { storageFolder } from '../store/storageFolder.ts';
import { GatewaySwitch, type GatewayModule } from '../gateway/gatewaySwitch.ts';
import { AgentTools } from './agentTools.ts';
import { installationBoards, workspaceId } from './installationBoards.ts';
import { SharedKandev } from './sharedKandev.ts';

export interface SharedBoardOptions {
  /** The workspace's storage folder, as VS Code gives it to this window. */
  storage: string;
  /** The extension's global storage folder. */
  globalStorage: string;
  /** The extension's `dist`. */
  distFolder: string;
  /** Of the extension. */
  version: string;
  settings: HostSettings & { gateway(): GatewaySettings };
  /** VS Code's secret storage. */
  secrets: SecretKeeper;
  /** Files as this window has them. */
  files: EditorFiles;
  log: RunLog;
  /** Another window leads now, or this one does: what is shown may be out of date. */
  onChange: () => void;
  /** What the user should read now. */
  onNotice: (notice: Notice) => void;
  onProblem: (text: string) => void;
}

export interface SharedBoard {
  kandev: SharedKandev;
  /** Not through the window that leads. */
  tools: AgentTools;
}

/**
 * Opens the board of a folder, or joins the window that has it open.
 * @throws UserError `storage` when it cannot be opened
 */
export async function openSharedBoard(options: SharedBoardOptions): Promise<SharedBoard> {
  const { distFolder, settings, log, onChange, onNotice, onProblem } = options;
  const folder = storageFolder(options.storage);
  const owner = await thisWindow(options.globalStorage, folder);
  const agents = {
    ...{ owner, distFolder, environment: process.env, storageFolder: join(folder, 'containers') },
    boards: () => installationBoards(folder),
  };
  const consent = new ConsentFile(folder);
  let lastGateway: GatewayStatus = { url: null, port: null };
  const kandev = new SharedKandev({
    folder: join(folder, 'windows'),
    open: (holds) =>
      openKandev({
        storageFolder: folder,
        holdsLead: holds,
        settings,
        files: options.files,
        agents,
        log,
        clientVersion: options.version,
        onNotice,
        onProblem,
        makeGateway: (board) =>
          new GatewaySwitch(
            {
              folder: join(folder, 'gateway'),
              workspace: owner.workspace,
              secrets: options.secrets,
              settings: () => settings.gateway(),
              before: () => lastGateway,
              load: () => loadGateway(distFolder),
              onProblem,
            },
            board,
          ),
      }),
    onChange,
    onProblem,
  });
  // Every window knows, so that whichever leads next goes on with it.
  kandev.subscribe('gateway.changed', ({ data }) => {
    if ('status' in data) lastGateway = data.status;
  });
  await kandev.ready();
  lastGateway = await kandev.query('gateway', {});
  const tools = new AgentTools({
    agents: { ...agents, engineSetting: () => settings.dockerHost() },
    settings,
    sharedVariables: async () => new Set(namesOf('environment', (await consent.read()).shared)),
    devcontainer: (agentType) => agreedDevcontainer(agentType, settings, new DevcontainerAnswers(folder)),
    clientVersion: options.version,
  });
  return { kandev, tools };
}

async function thisWindow(globalStorage: string, folder: string): Promise<OwnerLabels> {
  return {
    installation: await installationId(globalStorage),
    workspace: workspaceId(folder),
    // Not `env.sessionId`: in a browser that is the same for everybody.
    owner: `${process.pid}-${randomUUID()}`,
  };
}

/** A bundle of its own, for most windows never need it. */
function loadGateway(distFolder: string): Promise<GatewayModule> {
  const file = join(distFolder, 'gateway.js');
  return Promise.resolve(createRequire(file)(file) as GatewayModule);
}

/** What an agent's image is built on in this workspace, where the user has agreed to it. */
async function agreedDevcontainer(
  { base }: AgentType,
  settings: HostSettings,
  answers: DevcontainerAnswers,
): Promise<Devcontainer | null> {
  const folder = settings.folder();
  if (base !== 'devcontainer' || folder === null) return null;
  const found = await readDevcontainer(folder);
  if (found === null || typeof found === 'string') return null;
  return (await answers.of(found.hash)) === true ? found : null;
}
