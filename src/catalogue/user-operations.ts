/** Operations on users: making and ending them, their passwords, their rights and their quotas. */
import { isUserName } from "../core/ids.ts";
import { usersMax } from "../core/limits.ts";
import { userIdOf } from "../identity/user-keys.ts";
import { type ApplyContext, type Handler, authorText, authorUserRow } from "./apply-context.ts";
import { idBytes } from "./id-bytes.ts";
import type { OperationOf } from "./operation.ts";
import { requireThat } from "./refusal.ts";
import { addRoot } from "./tree.ts";
import { requireUser, sharedUserRow } from "./user-rows.ts";

/** Refuses with `invalid-name`, `exists` when the name is taken or the key is known, `integrity` for an id that is not the hash of its key, and `quota` when the network remembers too many users. */
export const addUser: Handler<"addUser"> = (context, operation) => {
  const { op, rootDirectory } = operation;
  const { known, totals } = context;
  checkNewUser(context, operation);
  const isAdmin = !known.hasAdministrator();
  const row = totals.users + 1;
  insertUser(context, row, isAdmin, operation);
  totals.users = row;
  known.forgetUsers();
  addRoot(context, rootDirectory, row);
  return { op, isAdmin };
};

/** Refuses with `usage` for the shared user. */
export const setCredential: Handler<"setCredential"> = (context, { op, credential }) => {
  const row = authorUserRow(context);
  requireThat(row !== sharedUserRow, "usage", "the shared user has no password: log in first");
  context.database
    .prepare("UPDATE users SET salt = ?, verifier = ?, wrapped_key = ? WHERE id = ?")
    .run(credential.salt, credential.verifier, credential.wrappedKey, row);
  return { op };
};

/** What the user had stays for the retention, and is collected then; the user's invites, and shares of the user and to the user, end. Refuses with `not-found`, and with `usage` for the shared user and for the last administrator while there are other users. */
export const removeUser: Handler<"removeUser"> = (context, { op, user }) => {
  const { database, known, index, timeMs } = context;
  const row = requireUser(context, user);
  const id = Number(row["id"]);
  requireThat(id !== sharedUserRow, "usage", "the shared user belongs to the network and cannot be removed");
  if (hasOthers(context, id)) requireOtherAdministrator(context, id);
  database
    .prepare(
      "UPDATE users SET ended_index = ?, ended_ms = ?, is_admin = 0, salt = NULL, verifier = NULL, wrapped_key = NULL WHERE id = ?",
    )
    .run(index, timeMs, id);
  database.prepare("DELETE FROM invites WHERE created_by = ?").run(authorText({ user }));
  database.prepare("DELETE FROM shares WHERE owner_id = ? OR grantee_id = ?").run(id, id);
  known.forgetUsers();
  return { op };
};

/** Refuses with `not-found`, and with `usage` for the shared user and for the last administrator. */
export const setAdmin: Handler<"setAdmin"> = (context, { op, user, isAdmin }) => {
  const id = Number(requireUser(context, user)["id"]);
  requireThat(id !== sharedUserRow, "usage", "everybody is the shared user: it cannot be an administrator");
  if (!isAdmin) requireOtherAdministrator(context, id);
  context.database.prepare("UPDATE users SET is_admin = ? WHERE id = ?").run(isAdmin ? 1 : 0, id);
  context.known.forgetUsers();
  return { op };
};

/** Less than the user's files cost already keeps what is there, and refuses what would add to it. Refuses with `not-found`. */
export const setQuota: Handler<"setQuota"> = (context, { op, user, quotaBytes }) => {
  const id = Number(requireUser(context, user)["id"]);
  context.database.prepare("UPDATE users SET quota_bytes = ? WHERE id = ?").run(quotaBytes, id);
  context.known.forgetUsers();
  return { op };
};

function checkNewUser({ database }: ApplyContext, { user, name, publicKey }: OperationOf<"addUser">): void {
  requireThat(
    isUserName(name),
    "invalid-name",
    "a user name is 1 to 32 lower-case letters, digits, dots, dashes and underscores, the first a letter",
  );
  requireThat(user === userIdOf(publicKey), "integrity", "an id is not the hash of its key");
  const holder = database.prepare("SELECT 1 FROM users WHERE name = ? AND ended_index IS NULL").get(name);
  requireThat(holder === undefined, "exists", `there is a user ${name} already: choose another name`);
  const known = database.prepare("SELECT 1 FROM users WHERE user = ?").get(idBytes(user));
  requireThat(known === undefined, "exists", "the user's key has been used before: make a new one");
  const users = Number(database.prepare("SELECT count(*) AS users FROM users").get()?.["users"]);
  requireThat(
    users < usersMax,
    "quota",
    `the network has ${usersMax} users already: remove some, and wait until their files are gone`,
  );
}

function insertUser(
  { database, index, timeMs }: ApplyContext,
  row: number,
  isAdmin: boolean,
  fields: OperationOf<"addUser">,
): void {
  const { credential } = fields;
  database
    .prepare(
      "INSERT INTO users (id, user, name, public_key, box_public_key, proof, root, is_admin, quota_bytes, used_bytes, salt, verifier, wrapped_key, created_index, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
    )
    .run(
      row,
      idBytes(fields.user),
      fields.name,
      fields.publicKey,
      fields.boxPublicKey,
      fields.proof,
      idBytes(fields.rootDirectory),
      isAdmin ? 1 : 0,
      fields.quotaBytes,
      credential.salt,
      credential.verifier,
      credential.wrappedKey,
      index,
      timeMs,
    );
}

/** Whether there are named users besides this one. */
function hasOthers({ database }: ApplyContext, id: number): boolean {
  const other = database
    .prepare("SELECT 1 FROM users WHERE id NOT IN (?, ?) AND ended_index IS NULL LIMIT 1")
    .get(id, sharedUserRow);
  return other !== undefined;
}

/** Refuses with `usage` when the network would have no administrator without this user. */
function requireOtherAdministrator({ database }: ApplyContext, id: number): void {
  const is = database.prepare("SELECT name FROM users WHERE id = ? AND is_admin = 1").get(id);
  if (is === undefined) return;
  const other = database.prepare("SELECT 1 FROM users WHERE is_admin = 1 AND id <> ? LIMIT 1").get(id);
  requireThat(
    other !== undefined,
    "usage",
    `${String(is["name"])} is the last administrator: make another user one first (admin add NAME)`,
  );
}
