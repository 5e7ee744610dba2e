import type { User } from '../model/user.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** Keeps who has worked on this board; a name that has changed is the newer one. */
export function putUser(db: SqlDatabase, { user, at }: { user: User; at: number }): void {
  db.run(
    `INSERT INTO users (id, name, email, created_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email`,
    user.id,
    user.name,
    user.email,
    at,
  );
}
