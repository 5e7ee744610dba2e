import { UserError, type FailureReason } from '../model/failure.ts';
import { diskFailure, messageOf } from './engineFailure.ts';
import { registryOf } from './registryAuth.ts';

interface PullNames {
  image: string;
  /** As its user knows it: "Docker Hub", "ghcr.io". */
  registry: string;
}

interface PullRule {
  /** What the engine says, which passes on what the registry said. */
  pattern: RegExp;
  reason: FailureReason;
  explain(names: PullNames): string;
  /** A wrong name is corrected in the settings. */
  wrongName?: boolean;
}

/** The first that matches explains a failed pull. */
const rules: readonly PullRule[] = [
  {
    pattern:
      /dial tcp|no such host|i\/o timeout|timeout|connection (refused|reset)|unreachable|proxyconnect|\bEOF\b|request canceled|x509|server misbehaving|HTTP status:? 5\d\d/i,
    reason: 'registry-unreachable',
    explain: ({ image, registry }) =>
      `The image ${image} is not on this machine, and Docker cannot reach ${registry}. Check the network and start the card again.`,
  },
  {
    pattern: /toomanyrequests|rate limit/i,
    reason: 'registry-denied',
    explain: ({ image, registry }) =>
      `${registry} gives you no more images for now. Sign in to ${registry} for the image ${image}, and start the card again.`,
  },
  {
    pattern: /incorrect username or password|invalid (username|credentials)|bad credentials/i,
    reason: 'registry-denied',
    explain: ({ image, registry }) =>
      `${registry} refused your sign-in for the image ${image}. Sign in to ${registry} again, and start the card again.`,
  },
  {
    pattern: /denied|unauthorized|authentication required|no basic auth|forbidden/i,
    reason: 'registry-denied',
    explain: ({ image, registry }) =>
      `${registry} does not give out the image ${image}: its name is wrong, or it wants you to sign in. Sign in to ${registry}, and start the card again.`,
  },
  {
    pattern: /no matching manifest/i,
    reason: 'image-missing',
    explain: ({ image }) =>
      `The image ${image} does not exist for this machine's processor. Name another one in the setting kandev.agents.`,
    wrongName: true,
  },
  {
    pattern: /invalid reference format|invalid repository name|must be lowercase/i,
    reason: 'image-missing',
    explain: ({ image }) => `"${image}" is not a name of an image. Correct it in the setting kandev.agents.`,
    wrongName: true,
  },
  {
    pattern: /manifest unknown|name unknown|not found/i,
    reason: 'image-missing',
    explain: ({ image, registry }) =>
      `${registry} has no image ${image}. Correct its name or tag in the setting kandev.agents.`,
    wrongName: true,
  },
];

/** Turns what the engine says about a failed pull into words. */
export function pullFailure(image: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const disk = diskFailure(error);
  if (disk) return disk;
  const detail = messageOf(error);
  const host = registryOf(image);
  const registry = host ?? 'Docker Hub';
  const rule = rules.find(({ pattern }) => pattern.test(detail));
  return new UserError(
    {
      reason: rule?.reason ?? 'image-missing',
      message:
        rule?.explain({ image, registry }) ??
        `The image ${image} could not be pulled from ${registry}. Run "docker pull ${image}" in a terminal to see why.`,
      detail,
      ...(rule?.wrongName ? { action: { kind: 'openSetting', setting: 'kandev.agents' } as const } : {}),
      ...(rule?.reason === 'registry-denied'
        ? { action: { kind: 'registrySignIn', registry: host } as const }
        : {}),
    },
    { cause: error },
  );
}
