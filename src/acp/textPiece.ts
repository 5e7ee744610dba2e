/** A piece of a text that an agent sends in several messages. */
export interface TextPiece {
  /** Which text: pieces with the same one belong together. */
  key: string;
  text: string;
  /** The message with another text in the place of this one. */
  lineWith(text: string): string;
}

interface Update {
  sessionUpdate?: unknown;
  content?: { type?: unknown; text?: unknown };
  _meta?: { terminal_output?: { terminal_id?: unknown; data?: unknown } };
}

/** The piece of a text in a message: of what the agent says or thinks, or of a terminal's output. Null in all others. */
export function textPieceOf(line: string): TextPiece | null {
  if (!line.includes('_chunk"') && !line.includes('"terminal_output"')) return null;
  const message = parse(line);
  const update = message?.params?.update;
  if (!update) return null;
  const { sessionUpdate, content, _meta } = update;
  const output = _meta?.terminal_output;
  if (typeof output?.data === 'string') {
    return piece(message, `terminal ${String(output.terminal_id)}`, output.data, (text) => {
      output.data = text;
    });
  }
  if (typeof sessionUpdate !== 'string' || !sessionUpdate.endsWith('_chunk')) return null;
  if (typeof content?.text !== 'string') return null;
  return piece(message, sessionUpdate, content.text, (text) => {
    content.text = text;
  });
}

function piece(message: object, key: string, text: string, put: (text: string) => void): TextPiece {
  return {
    key,
    text,
    lineWith: (other) => {
      put(other);
      return JSON.stringify(message);
    },
  };
}

function parse(line: string): { params?: { update?: Update } } | null {
  try {
    return JSON.parse(line) as { params?: { update?: Update } } | null;
  } catch {
    return null;
  }
}
