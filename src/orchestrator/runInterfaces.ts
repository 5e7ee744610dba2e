import type { AgentManager } from '../agents/agentManager.ts';
import type { SecretMask } from '../acp/secretMask.ts';
import type { AgentCapabilities, AgentCommand, ConfigOption, McpServer, TurnResult } from '../acp/types.ts';
import type { EventBus } from '../events/eventBus.ts';
import type { AgentType } from '../model/agentType.ts';
import type { EditorFiles } from '../model/editor.ts';
import type { Failure } from '../model/failure.ts';
import type { Run } from '../model/run.ts';
import type { RunLog } from '../model/runLog.ts';
import type { PictureFolder } from '../store/pictureFolder.ts';
import type { Store } from '../store/store.ts';
import type { WireRecord } from '../store/wireRecord.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';
import type { AgentTools } from './agentToolDesk.ts';
import type { CredentialDesk } from './credentialDesk.ts';
import type { DevcontainerDesk, DevcontainerGrant } from './devcontainerDesk.ts';
import type { PermissionDesk } from './permissionDesk.ts';
import type { QuestionDesk } from './questionDesk.ts';
import type { RunPlace } from './runPlace.ts';
import type { RunRecord } from './runRecord.ts';
import type { RunWorkspace } from './runWorkspace.ts';
import type { TranscriptRecorder } from './transcriptRecorder.ts';

/** What is needed of the Agent Manager. */
export type Agents = Pick<
  AgentManager,
  | 'launch'
  | 'takeOver'
  | 'checkEngine'
  | 'removeLeftovers'
  | 'findOrphans'
  | 'removeOrphans'
  | 'sharedBy'
  | 'setHosts'
  | 'usage'
>;

export interface RunDependencies {
  store: Store;
  events: EventBus;
  agents: Agents;
  workspaces: Workspaces;
  permissions: PermissionDesk;
  questions: QuestionDesk;
  agentTools: AgentTools;
  credentials: CredentialDesk;
  devcontainers: DevcontainerDesk;
  /** Files as this window has them. */
  files: EditorFiles;
  log: RunLog;
  clientVersion: string;
  /** What is in the pictures of messages. */
  pictures: Pick<PictureFolder, 'read' | 'has'>;
  /** Where the exact record of each run goes. */
  wireFolder: string;
}

export interface RunSettings {
  /** The folder that is open. */
  folder: string;
  /** Where the agent works. */
  place: RunPlace;
  /** How long the agent may take from its start to its first answer. */
  startTimeoutSeconds: number;
  environment: Readonly<Record<string, string>>;
  /** What is chosen before the first prompt, by the ids of the agent's options. */
  /** Those that the agent cannot use are left out, and told of. */
  mcpServers: readonly McpServer[];
  optionDefaults: Readonly<Record<string, string | boolean>>;
  /** What agents were given, and must not be seen in what is kept, shown or logged of them. */
  secrets: SecretMask;
  /** What its image is built on. */
  base: DevcontainerGrant;
  /** Ids of what the user shares with the container. */
  shared: readonly string[];
}

/** What the orchestrator is told, so that the card follows. Exactly one of `failed` and `ended` comes, last. */
export interface RunListener {
  /** @param summary what the agent says that it has done, where it has said so by its tools */
  turnEnded(run: Run, result: TurnResult, summary: string | null): Promise<void>;
  failed(run: Run, failure: Failure): Promise<void>;
  /** Stopped by somebody, or its container ended after its work was done. */
  ended(run: Run): Promise<void>;
}

/** What can be chosen in the conversation of a live run. */
export interface RunSession {
  /** Modes, models and the agent's own options. */
  options: readonly ConfigOption[];
  /** Its slash commands. */
  commands: readonly AgentCommand[];
  /** What of a message it takes beside text. */
  takes: Pick<AgentCapabilities['prompt'], 'image' | 'embeddedContext'>;
}

/** What the agent of a run is made from. */
export interface RunAgentOptions {
  agentType: AgentType;
  settings: RunSettings;
  record: RunRecord;
  recorder: TranscriptRecorder;
  wire: WireRecord;
  workspace: RunWorkspace;
  deps: RunDependencies;
  /** Ends whatever is under way. */
  signal: AbortSignal;
}
