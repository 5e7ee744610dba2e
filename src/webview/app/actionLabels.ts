import type { UserAction } from '../../model/failure.ts';
import { t } from './l10n.ts';

/** What the button of a failure says. */
export function actionLabel(action: UserAction): string {
  switch (action.kind) {
    case 'retry':
      return t('Retry');
    case 'stopAndMove':
      return t('Stop and Move');
    case 'stop':
      return t('Stop');
    case 'editTask':
      return t('Edit Card');
    case 'workInCopy':
      return t('Work in a Copy');
    case 'chooseDependencies':
      return t('Depends On…');
    case 'openFolder':
      return t('Open Folder');
    case 'showLog':
      return t('Show Log');
    case 'openSetting':
      return t('Open Settings');
    case 'openUrl':
      return t('Learn More');
    case 'checkEngine':
      return t('Check Again');
    case 'signIn':
      return t('Sign In…');
    case 'registrySignIn':
      return t('Sign In in Terminal');
    case 'credentials':
    case 'devcontainer':
      return t('Choose…');
    case 'allowHost':
      return t('Allow…');
    case 'editResources':
      return t('Change Limits…');
    case 'exportDatabase':
      return t('Export Database Copy…');
    case 'undoLast':
      return t('Undo…');
    case 'cleanUp':
      return t('Clean Up…');
    case 'reloadWindow':
      return t('Reload Window');
  }
}
