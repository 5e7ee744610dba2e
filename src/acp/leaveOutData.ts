/** Data in base64 as pictures and sounds have it; shorter texts are as likely to be words. */
const data = /("(?:data|blob)":")[A-Za-z0-9+/=_-]{512,}(")/g;

/** A line of the protocol as it is kept: without what pictures and sounds are made of, which is megabytes. */
export function leaveOutData(line: string): string {
  if (line.length < 512) return line;
  return line.replace(data, (whole, before: string, after: string) => {
    const characters = whole.length - before.length - after.length;
    return `${before}… ${characters} characters of base64 …${after}`;
  });
}
