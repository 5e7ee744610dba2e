/** The event by which the script that renders Markdown hands over its function. */
export const markdownReady = 'kandev-markdown';
