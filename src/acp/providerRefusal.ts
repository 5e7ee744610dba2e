import { errorCodes, type AcpError } from './errors.ts';
import { asObject } from './json.ts';

/**
 * Why whoever serves the model behind an agent does not do so: it does not take the key or the sign-in, it has given as
 * much as was paid for or as fast as it gives, or it cannot for now.
 */
export type ProviderRefusal = 'credentials' | 'quota' | 'unavailable';

/**
 * What an agent's error says of its provider; null where it says nothing of it. The protocol has no word for it, so
 * agents hand on the provider's status of HTTP in fields of their own or in front of a sentence: their shapes, as they
 * were seen, stand in test/unit/acp/providerErrors.ts.
 */
export function providerRefusal(error: Pick<AcpError, 'message' | 'code' | 'data'>): ProviderRefusal | null {
  return refusalOf(statusOf(error), error.message);
}

/** As {@link providerRefusal}, for agents that end their turn as if all were well and say it in a message. */
export function providerRefusalIn(text: string): ProviderRefusal | null {
  return refusalOf(statusIn(text), text);
}

function refusalOf(status: number | null, text: string): ProviderRefusal | null {
  // The same status stands for a limit that passes and for one that is paid for; both are out of the agent's hands.
  if (status === 402 || status === 429 || quotaWords.test(text)) return 'quota';
  if (status === 401 || status === 403 || credentialWords.test(text)) return 'credentials';
  if (status !== null && status >= 500 && status < 600) return 'unavailable';
  return unavailableWords.test(text) ? 'unavailable' : null;
}

const quotaWords =
  /rate[ _-]?limit|quota|too many requests|usage limit|insufficient (?:credit|balance|fund)|credit balance is too low|RESOURCE_EXHAUSTED/i;
const credentialWords =
  /(?:invalid|incorrect|expired|revoked|bad|wrong|no)[ _-](?:x-)?(?:api[ _-]?key|access token|auth(?:entication)? token|credential)|api key (?:not valid|not found|expired)|unauthori[sz]ed|authentication_error|UNAUTHENTICATED|not (?:logged|signed) in/i;
const unavailableWords =
  /overloaded|service unavailable|bad gateway|temporarily unavailable|ECONN(?:RESET|REFUSED|ABORTED)|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|getaddrinfo|socket hang up|fetch failed/i;

const statusFields = ['httpStatus', 'httpStatusCode', 'statusCode', 'status', 'code'] as const;

function statusOf({ message, code, data }: Pick<AcpError, 'message' | 'code' | 'data'>): number | null {
  const fields = asObject(data);
  if (code === errorCodes.authRequired) return 401;
  const told = [...statusFields.map((name) => fields[name]), code].find(isStatus);
  return told ?? statusIn(message);
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && value >= 400 && value < 600;
}

/** A number that stands where a status of HTTP stands in a sentence; any other may be a line of a file. */
function statusIn(text: string): number | null {
  const found = /(?:^|\b(?:status|error|http|code)\b[^\d\n]{0,20}|: )([45]\d\d)(?![\d.])\b/i.exec(text);
  return found ? Number(found[1]) : null;
}
