import type { ContentBlock } from '@agentclientprotocol/sdk';

/** What came with the text of a prompt, a line each. */
export function attachedTo(prompt: readonly ContentBlock[]): string[] {
  return prompt.flatMap((block) => {
    switch (block.type) {
      case 'image':
        return `picture ${block.mimeType}, ${Buffer.from(block.data, 'base64').byteLength} bytes`;
      case 'resource_link':
        return `link ${block.uri}`;
      case 'resource': {
        const size = 'text' in block.resource ? block.resource.text.length : block.resource.blob.length;
        return `file ${block.resource.uri}, ${size} characters`;
      }
      default:
        return [];
    }
  });
}

/** A prompt as a session remembers it: pictures are large, and what is in them is not needed again. */
export function remembered(block: ContentBlock): ContentBlock {
  return block.type === 'image' ? { type: 'text', text: `[picture, ${block.mimeType}]` } : block;
}
