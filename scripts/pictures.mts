/**
 * Takes the pictures of docs/images anew, each of a real run of the demo agent in a real VS Code.
 *
 * npm run pictures
 */
import { beginTestRun } from './testRun.mts';

const testRun = await beginTestRun({ editor: true });
// The harness reads them when it is loaded.
Object.assign(process.env, testRun.env);
try {
  const { takePictures } = await import('./pictures/takePictures.mts');
  await takePictures();
} finally {
  await testRun.end();
}
