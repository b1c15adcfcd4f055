/** What the links of a shelf's chain are worth. */
import type { BackupLink } from "../core/client.ts";

/** Whether the link has everything that it is to have, and answers: a disk that counts. */
export function isLive({ standing, state }: Pick<BackupLink, "standing" | "state">): boolean {
  return (standing === "owner" || standing === "full") && (state === "up" || state === "suspect");
}
