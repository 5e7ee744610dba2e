import { AcpError } from './errors.ts';
import type { AgentCapabilities, PromptBlock } from './types.ts';

/**
 * A prompt as the agent can take it. All agents know text and links to files; what a file holds becomes text for those
 * that do not take files.
 * @throws AcpError `not-supported` for a picture or a sound that the agent cannot take
 */
export function adaptPrompt(
  blocks: readonly PromptBlock[],
  capabilities: AgentCapabilities['prompt'],
): PromptBlock[] {
  return blocks.map((block) => {
    switch (block.type) {
      case 'image':
      case 'audio':
        if (capabilities[block.type]) return block;
        throw new AcpError('not-supported', `The agent does not take ${names[block.type]} in a prompt.`);
      case 'resource':
        return capabilities.embeddedContext ? block : asText(block.resource);
      case 'text':
      case 'resource_link':
        return block;
    }
  });
}

const names = { image: 'pictures', audio: 'sound' };

function asText({ uri, text }: { uri: string; text: string }): PromptBlock {
  return { type: 'text', text: `<file uri="${uri}">\n${text}\n</file>` };
}
