import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { ensureDebianPackages } from './debian.mts';

const candidates = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The path of a Chromium that playwright-core can drive; installs Debian's when there is none. */
export async function ensureBrowser(): Promise<string> {
  const found = [...candidates, chromium.executablePath()].find((file) => existsSync(file));
  if (found) return found;
  await ensureDebianPackages(['chromium', 'fonts-liberation'], 'for tests in a browser');
  return '/usr/bin/chromium';
}
