/** Things of the system that outlive a test that was killed carry its pid in their name, so that a later one removes them. */

const prefix = "dfs-faults-";

/** The name of something of this test. */
export const ownName = (what: string): string => `${prefix}${process.pid}-${what}`;

/** Whether a name is one of this test's own. */
export const isOwn = (name: string): boolean => pidIn(name) === process.pid;

/** Whether a name is that of a test whose process is gone. */
export function isLeftover(name: string): boolean {
  const pid = pidIn(name);
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

function pidIn(name: string): number | undefined {
  const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}
