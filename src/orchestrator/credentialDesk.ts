import { secretsOf } from '../acp/redact.ts';
import { SecretMask } from '../acp/secretMask.ts';
import type { ConsentFile } from '../credentials/consent.ts';
import { isHost } from '../credentials/gitHosts.ts';
import type { SurveyRequest } from '../credentials/survey.ts';
import type { EventBus } from '../events/eventBus.ts';
import type { AgentType } from '../model/agentType.ts';
import {
  commonVariables,
  credentialId,
  namesOf,
  type CredentialOffer,
  type CredentialsView,
} from '../model/credential.ts';
import { UserError } from '../model/failure.ts';
import type { HostSettings } from '../model/settings.ts';
import type { Agents } from './runInterfaces.ts';

export interface CredentialDeskDependencies {
  settings: Pick<HostSettings, 'folder' | 'environment' | 'hostVariables'>;
  consent: ConsentFile;
  /** What there is on this machine. */
  survey: (request: SurveyRequest) => Promise<readonly CredentialOffer[]>;
  /** What of the files that are shared must not be seen. */
  secretsInFiles: (ids: readonly string[]) => Promise<readonly string[]>;
  agents: Pick<Agents, 'checkEngine' | 'sharedBy'>;
  events: EventBus;
  agentTypes: () => readonly AgentType[];
  /** Names of variables that MCP servers are given. */
  serverVariables: () => readonly string[];
}

const lookAgainMs = 5000;

/** What one run is given. */
export interface Grant {
  /** Ids of what is shared with its container. */
  shared: readonly string[];
  /** Values of the variables that its agent gets. */
  environment: Readonly<Record<string, string>>;
  /** Values for the MCP servers. */
  serverEnvironment: Readonly<Record<string, string>>;
}

/** What agents may have of the user's: asks once a workspace, keeps the answer, and gives each run what it may have. */
export class CredentialDesk {
  /** All that agents were given since the board was opened. */
  readonly secrets = new SecretMask();
  readonly #deps: CredentialDeskDependencies;
  #lastLook: { at: number; somethingIsThere: Promise<boolean> } | null = null;

  constructor(deps: CredentialDeskDependencies) {
    this.#deps = deps;
  }

  /** What there is, what of it is shared, and which containers have it. */
  async view(): Promise<CredentialsView> {
    const { consent, agents } = this.#deps;
    const { decidedAt, shared } = await consent.read();
    const [offers, uses] = await Promise.all([
      this.#offers(shared),
      // Without an engine nothing runs.
      agents.sharedBy().catch(() => []),
    ]);
    const things = offers.map((offer) => ({
      ...offer,
      shared: shared.includes(offer.id),
      usedBy: uses
        .filter(({ ids }) => ids.includes(offer.id))
        .map(({ runId, taskId }) => ({ runId, taskId })),
    }));
    return { decidedAt, things };
  }

  /**
   * Takes the user's word: these may agents have from now on, and nothing else.
   * @throws UserError `invalid-input` for what there is not
   */
  async share(ids: readonly string[]): Promise<CredentialsView> {
    const { consent, events } = this.#deps;
    const before = await consent.read();
    const offers = await this.#offers([...before.shared, ...ids.filter(isGitHost)]);
    const unknown = ids.find((id) => !offers.some((offer) => offer.id === id));
    if (unknown !== undefined) {
      throw new UserError({ reason: 'invalid-input', message: `There is no “${unknown}” to share.` });
    }
    const refused = offers.find(
      ({ id, missing }) => ids.includes(id) && missing !== null && !before.shared.includes(id),
    );
    if (refused?.missing) {
      throw new UserError({
        reason: 'invalid-input',
        message: `“${refused.id}” cannot be shared: ${refused.missing}.`,
      });
    }
    const asked = [...new Set([...before.asked, ...offers.map(({ id }) => id)])];
    await consent.write({ decidedAt: Date.now(), shared: [...new Set(ids)], asked });
    this.#lastLook = null;
    events.publish('credentials.changed', { shared: ids });
    return this.view();
  }

  /** Whether the user must be asked before this agent is started: there is something for it, and no word about it. */
  async mustAsk(agentType: AgentType): Promise<boolean> {
    if (agentType.credentials === false) return false;
    const { consent, settings } = this.#deps;
    const { decidedAt, asked } = await consent.read();
    const own = await settings.hostVariables(this.#namesFor(agentType));
    if (own.some((name) => !asked.includes(credentialId('environment', name)))) return true;
    if (decidedAt !== null) return false;
    return this.#isSomethingThere();
  }

  /** The queue asks with every change of a card; the machine does not change as fast. */
  #isSomethingThere(): Promise<boolean> {
    if (this.#lastLook && Date.now() - this.#lastLook.at < lookAgainMs)
      return this.#lastLook.somethingIsThere;
    const somethingIsThere = this.#offers([]).then((offers) =>
      offers.some(({ missing, kind }) => missing === null && kind !== 'environment'),
    );
    this.#lastLook = { at: Date.now(), somethingIsThere };
    return somethingIsThere;
  }

  /** What an agent of this type is given now. */
  async grant(agentType: AgentType): Promise<Grant> {
    const { consent, settings, secretsInFiles, serverVariables } = this.#deps;
    const takes = agentType.credentials !== false;
    const { shared } = takes ? await consent.read() : { shared: [] };
    const variables = new Set(namesOf('environment', shared));
    const common = takes ? commonVariables.filter((name) => variables.has(name)) : [];
    const [own, forAll, serverEnvironment] = await Promise.all([
      settings.environment(agentType.environment, variables),
      settings.environment(common, variables),
      settings.environment(serverVariables(), variables),
    ]);
    const environment = { ...forAll, ...own };
    const ids = shared.filter((id) => {
      const [name] = namesOf('environment', [id]);
      return name === undefined || name in environment || name in serverEnvironment;
    });
    this.secrets.add([
      ...secretsOf(environment),
      ...secretsOf(serverEnvironment),
      ...(await secretsInFiles(ids)),
    ]);
    return { shared: ids, environment, serverEnvironment };
  }

  /** The servers whose passwords git may ask for, in any container. */
  async gitHosts(): Promise<string[]> {
    return namesOf('git-credentials', (await this.#deps.consent.read()).shared);
  }

  /**
   * For git on this machine when it fetches from a server, and sends to it: a token that was entered for it, else null:
   * then git asks the user's own helpers.
   */
  async forServer(host: string): Promise<{ username: string; password: string } | null> {
    const known = tokenFor[host];
    if (!known) return null;
    const { [known.variable]: password } = await this.#deps.settings.environment([known.variable], new Set());
    if (password === undefined) return null;
    this.secrets.add([password]);
    return { username: known.username, password };
  }

  #namesFor({ environment }: AgentType): string[] {
    return [...new Set([...environment, ...this.#deps.serverVariables(), ...commonVariables])];
  }

  async #offers(agreed: readonly string[]): Promise<readonly CredentialOffer[]> {
    const { settings, survey, agents, agentTypes } = this.#deps;
    const types = agentTypes().filter(({ credentials }) => credentials !== false);
    const names = [...new Set(types.flatMap((type) => this.#namesFor(type)))];
    const { endpoint } = await agents.checkEngine();
    return survey({
      folder: settings.folder(),
      variables: await settings.hostVariables(names),
      engineIsHere: isHere(endpoint),
      hosts: namesOf('git-credentials', agreed),
    });
  }
}

/** How the two large servers want a token of theirs. */
const tokenFor: Readonly<Record<string, { variable: string; username: string }>> = {
  'github.com': { variable: 'GITHUB_TOKEN', username: 'x-access-token' },
  'gitlab.com': { variable: 'GITLAB_TOKEN', username: 'oauth2' },
};

function isGitHost(id: string): boolean {
  const [host] = namesOf('git-credentials', [id]);
  return host !== undefined && isHost(host);
}

/** Whether an engine mounts what is on this machine. */
function isHere(endpoint: string): boolean {
  return !/^(tcp|https?|ssh):\/\//.test(endpoint) || /^\w+:\/\/(localhost|127\.|\[::1\])/.test(endpoint);
}
