import * as boardWrites from './boardWrites.ts';
import * as promptWrites from './promptWrites.ts';
import * as dependencyStore from './dependencyStore.ts';
import * as queueWrites from './queueWrites.ts';
import * as reads from './reads.ts';
import * as reviewStore from './reviewStore.ts';
import * as runLinks from './runLinks.ts';
import * as ruleStore from './ruleStore.ts';
import * as runWrites from './runWrites.ts';
import type { SqlDatabase } from './sqlDatabase.ts';
import * as statisticsReads from './statisticsReads.ts';
import * as timelineReads from './timelineReads.ts';
import * as taskWrites from './taskWrites.ts';
import * as userWrites from './userWrites.ts';

/**
 * Every change the database knows, by name. Each is one transaction. Times and ids come in as parameters, so that the
 * same change done again gives the same rows.
 */
export const writes = {
  'user.put': userWrites.putUser,
  'board.insert': boardWrites.insertBoard,
  'board.update': boardWrites.updateBoard,
  'board.place': boardWrites.placeBoard,
  'board.setColumn': boardWrites.setColumn,
  'board.delete': boardWrites.deleteBoard,
  'board.restore': boardWrites.restoreBoard,
  'task.insert': taskWrites.insertTask,
  'task.update': taskWrites.updateTask,
  'task.changeState': taskWrites.changeTaskState,
  'task.noteResult': taskWrites.noteResult,
  'task.place': taskWrites.placeTask,
  'task.setBoard': taskWrites.setBoardOfTask,
  'task.delete': taskWrites.deleteTask,
  'task.restore': taskWrites.restoreTask,
  'task.purgeDeleted': taskWrites.purgeDeleted,
  'task.setDependencies': dependencyStore.setDependencies,
  'queue.move': queueWrites.moveQueued,
  'queue.setPause': queueWrites.setQueuePause,
  'run.insert': runWrites.insertRun,
  'run.update': runWrites.updateRun,
  'run.progress': runLinks.putProgress,
  'run.putWorkedTime': runLinks.putWorkedTime,
  'prompt.insert': promptWrites.insertPrompt,
  'prompt.update': promptWrites.updatePrompt,
  'prompt.place': promptWrites.placePrompt,
  'prompt.delete': promptWrites.deletePrompt,
  'review.insert': reviewStore.insertReviewComment,
  'review.update': reviewStore.updateReview,
  'review.delete': reviewStore.deleteReviewComment,
  'review.mark': reviewStore.putReviewMark,
  'permission.insert': runWrites.insertPermissionRequest,
  'permission.resolve': runWrites.resolvePermissionRequest,
  'permission.putRuling': runWrites.putRuling,
  'rule.insert': ruleStore.insertRule,
  'rule.update': ruleStore.updateRule,
  'rule.delete': ruleStore.deleteRule,
  'rule.restore': ruleStore.restoreRule,
  'rule.place': ruleStore.placeRule,
  'rule.deleteOfRun': ruleStore.deleteRulesOfRun,
  'rule.putPreset': ruleStore.putPreset,
};

/** Every question the database answers, by name. */
export const queries = {
  boards: (db: SqlDatabase, _: object) => reads.boards(db),
  deletedBoards: (db: SqlDatabase, _: object) => reads.deletedBoards(db),
  allCards: (db: SqlDatabase, _: object) => reads.allCards(db),
  boardCards: reads.boardCards,
  cards: reads.cards,
  createdCards: reads.createdCards,
  lineage: reads.lineage,
  changedCards: reads.changedCards,
  deletedTasks: (db: SqlDatabase, _: object) => reads.deletedTasks(db),
  waitingTasks: (db: SqlDatabase, _: object) => reads.waitingTasks(db),
  dependentTasks: (db: SqlDatabase, _: object) => dependencyStore.dependentTasks(db),
  dependencies: dependencyStore.dependenciesOf,
  queuePause: (db: SqlDatabase, _: object) => queueWrites.queuePause(db),
  run: reads.run,
  runsOfTask: reads.runsOfTask,
  oldRuns: reads.oldRuns,
  liveRuns: (db: SqlDatabase, _: object) => reads.liveRuns(db),
  tasksInProgress: (db: SqlDatabase, _: object) => reads.tasksInProgress(db),
  openPermissionRequests: (db: SqlDatabase, _: object) => reads.openPermissionRequests(db),
  taskHistory: reads.taskHistory,
  taskRuns: reads.taskRuns,
  queuedPrompt: promptWrites.queuedPrompt,
  queuedPrompts: promptWrites.queuedPrompts,
  reviewComment: reviewStore.reviewComment,
  reviewComments: reviewStore.reviewComments,
  reviewFiles: reviewStore.reviewFiles,
  reviewMarks: reviewStore.reviewMarks,
  statistics: statisticsReads.statistics,
  timeline: timelineReads.timeline,
  toolKinds: reads.toolKinds,
  transcript: reads.transcript,
  changedEntries: reads.changedEntries,
  runLink: runLinks.runLink,
  permissionRules: (db: SqlDatabase, _: object) => ruleStore.rules(db),
  permissionPresets: (db: SqlDatabase, _: object) => ruleStore.presets(db),
  ruleContext: ruleStore.ruleContext,
  pastRequests: ruleStore.pastRequests,
};

export type WriteName = keyof typeof writes;
export type WriteParams<W extends WriteName> = Parameters<(typeof writes)[W]>[1];
export type WriteResult<W extends WriteName> = ReturnType<(typeof writes)[W]>;
export type QueryName = keyof typeof queries;
export type QueryParams<Q extends QueryName> = Parameters<(typeof queries)[Q]>[1];
export type QueryResult<Q extends QueryName> = ReturnType<(typeof queries)[Q]>;
