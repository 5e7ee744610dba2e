const maxSlug = 40;

/** The branch of a workspace: `kandev/fix-the-login-1a2b3c4d`, after the card's title and the workspace's id. */
export function branchName(title: string, workspaceId: string): string {
  const slug = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maxSlug)
    .replace(/^-+|-+$/g, '');
  const id = workspaceId.replace(/[^A-Za-z0-9]/g, '').slice(0, 8);
  return `kandev/${slug === '' ? 'card' : slug}-${id}`;
}
