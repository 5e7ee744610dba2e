/**
 * Whether the page has the keyboard but none of its elements has it, as after the one that had it was redrawn. When the
 * user types elsewhere in VS Code the page must not take the keyboard: it gives the focus back when it is entered again.
 */
export function lostFocus(): boolean {
  return document.hasFocus() && document.activeElement === document.body;
}
