/** Whose name stands in the history of the cards. */
export interface User {
  /** The e-mail address where there is one, else the name. */
  id: string;
  name: string;
  email: string | null;
}
