import path from 'node:path';
import type { TextFiles } from '../acp/workspaceFiles.ts';
import type { AgentCapabilities, PromptBlock } from '../acp/types.ts';
import { failureOf } from '../model/failure.ts';
import type { Message } from '../model/prompt.ts';
import { mentionedFiles, type MentionedFile, type MentionPlace } from './mentionedFiles.ts';

/** Files up to this size go with the message, to agents that take them; others are linked. In bytes. */
const embeddedBytes = 32 * 1024;

export interface PromptSurroundings {
  /** Null where nothing is known of its files. */
  place: MentionPlace | null;
  /** The working folder as the agent sees it. */
  workingDirectory: string;
  capabilities: AgentCapabilities['prompt'];
  files: Pick<TextFiles, 'read'>;
  readPicture: (id: string) => Promise<Uint8Array>;
}

export interface BlocksOfMessage {
  blocks: PromptBlock[];
  /** What its user should know: a sentence each. */
  notices: string[];
}

/** A message as its agent can take it: its text, the files that it mentions, and its pictures. */
export async function promptBlocks(
  { text, pictures }: Message,
  surroundings: PromptSurroundings,
): Promise<BlocksOfMessage> {
  const { place, capabilities, readPicture } = surroundings;
  const blocks: PromptBlock[] = text === '' ? [] : [{ type: 'text', text }];
  const notices: string[] = [];
  const mentioned = place ? await mentionedFiles(text, place) : [];
  for (const file of mentioned) blocks.push(await fileBlock(file, surroundings));
  if (pictures.length > 0 && !capabilities.image) {
    const names = pictures.map(({ name }) => name).join(', ');
    notices.push(`The agent does not take pictures, so it was not given these: ${names}.`);
    if (blocks.length === 0) blocks.push({ type: 'text', text: `(Pictures that you cannot see: ${names})` });
    return { blocks, notices };
  }
  for (const { id, name, mimeType } of pictures) {
    try {
      const data = Buffer.from(await readPicture(id)).toString('base64');
      blocks.push({ type: 'image', mimeType, data });
    } catch (error) {
      notices.push(`The agent was not given “${name}”: ${failureOf(error).message}`);
    }
  }
  return { blocks, notices };
}

async function fileBlock(
  file: MentionedFile,
  { workingDirectory, capabilities, files }: PromptSurroundings,
): Promise<PromptBlock> {
  const uri = uriOf(path.posix.join(workingDirectory, file.name));
  const isSmall = file.bytes !== null && file.bytes <= embeddedBytes;
  if (capabilities.embeddedContext && isSmall) {
    const text = await files.read(file.path).catch(() => null);
    if (text !== null && isText(text)) return { type: 'resource', resource: { uri, text } };
  }
  return { type: 'resource_link', uri, name: file.name };
}

/** What does not decode as UTF-8 holds replacement characters then. */
function isText(content: string): boolean {
  return content.length <= embeddedBytes && !/[\0\ufffd]/.test(content);
}

function uriOf(agentPath: string): string {
  return `file://${agentPath.split('/').map(encodeURIComponent).join('/')}`;
}
