import { UserError } from '../model/failure.ts';
import type { GitCall } from './gitCall.ts';
import { workspacePlace } from './openWorkspace.ts';
import { commitClone, startOf } from './resultCommit.ts';
import type { CommitOutcome, Credential } from './workspaces.ts';
import { refNames, type WorkspaceTools } from './workspaceTools.ts';

/** Commits what a clone of a repository from elsewhere has become, and sends it there as a branch. */
export async function pushResult(
  tools: WorkspaceTools,
  workspaceId: string,
  { branch, message, credential }: { branch: string; message: string; credential?: Credential },
  call: Pick<GitCall, 'doing' | 'signal'>,
): Promise<CommitOutcome> {
  const record = tools.records.get(workspaceId);
  if (record.kind !== 'repository' || record.url === null) {
    throw new UserError({
      reason: 'refused',
      message:
        'Only the work on a repository from elsewhere is sent there. Make a branch, and push it with git.',
    });
  }
  const place = await workspacePlace(tools, record);
  const { repository, start } = startOf(record, place);
  const { commit, now, left } = await commitClone(tools, record, place, { message }, call);
  if (commit === start) {
    throw new UserError({ reason: 'refused', message: 'There is nothing to send: no file has changed.' });
  }
  await repository.refs.update(refNames.result(record.id), commit, { signal: call.signal });
  await tools.remotes.push(
    { url: record.url, credential: credential ?? null, signal: call.signal },
    {
      repository: repository.paths,
      commit,
      branch,
      expected: record.pushed?.branch === branch ? record.pushed.commit : null,
    },
  );
  await tools.records.change(record.id, {
    committed: commit,
    pushed: { branch, commit },
    taken: { tree: now.tree, commit },
  });
  return { commit, left };
}
