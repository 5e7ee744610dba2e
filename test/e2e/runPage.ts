import type { FrameLocator, Locator } from 'playwright-core';
import type { Workbench } from '../harness/workbench.ts';

/** A card's run in its editor tab. */
export class RunPage {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  /** The webview's document; found anew each time, as VS Code loads it anew whenever its tab is shown again. */
  get page(): FrameLocator {
    return this.#workbench.page.frameLocator('iframe.webview').frameLocator('iframe#active-frame');
  }

  /** Opens it from the palette. */
  async open(title: string): Promise<void> {
    await this.#workbench.runCommand('Kandev: Open Card');
    await this.#workbench.pick(title);
    await this.heading(title).waitFor();
  }

  heading(title: string): Locator {
    return this.page.getByRole('heading', { level: 1, name: title, exact: true });
  }

  get transcript(): Locator {
    return this.page.getByRole('region', { name: 'Transcript' });
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: 'Message to the agent' });
  }

  tool(title: string): Locator {
    return this.page.getByRole('group', { name: `Tool: ${title}`, exact: true });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }
}
