/** The command table: help, parsing and completion all come from it. */
import type { Command } from "../command.ts";
import { stat, why } from "./about-path.ts";
import { alias, unalias } from "./alias.ts";
import { fg, wait } from "./await-jobs.ts";
import { backup } from "./backup.ts";
import { admin, quota } from "./admin.ts";
import { completion } from "./completion.ts";
import { coordinator } from "./coordinator.ts";
import { diff } from "./diff.ts";
import { df } from "./df.ts";
import { mkdir, rmdir } from "./directories.ts";
import { doctor } from "./doctor.ts";
import { du } from "./du.ts";
import { find } from "./find.ts";
import { fsck } from "./fsck.ts";
import { get } from "./get.ts";
import { help } from "./help.ts";
import { lls, lmkdir } from "./local-files.ts";
import { jobs } from "./jobs.ts";
import { login, logout, whoami } from "./login.ts";
import { ls } from "./ls.ts";
import { cp, mv } from "./move.ts";
import { invite } from "./invite.ts";
import { fingers, peers } from "./network.ts";
import { ncdu } from "./ncdu.ts";
import { peer } from "./peer.ts";
import { policy, retain } from "./policy.ts";
import { put } from "./put.ts";
import { cat, head } from "./read.ts";
import { restore } from "./restore.ts";
import { revisions } from "./revisions.ts";
import { rm } from "./rm.ts";
import { sleep, source, time, unset } from "./scripting.ts";
import { set } from "./set.ts";
import { share, shares, unshare } from "./share.ts";
import { echo, exit } from "./session.ts";
import { kill, pause, resume } from "./steer-jobs.ts";
import { status } from "./status.ts";
import { bracket, ltest, test } from "./test.ts";
import { top } from "./top.ts";
import { tree } from "./tree.ts";
import { undo } from "./undo.ts";
import { adduser, passwd, userdel, users } from "./users.ts";
import { cd, lcd, lpwd, pwd } from "./where.ts";

/** All commands, in the order in which help lists them. */
export const commands: readonly Command[] = [
  ls,
  cd,
  pwd,
  tree,
  find,
  stat,
  cat,
  head,
  du,
  ncdu,
  df,
  put,
  get,
  jobs,
  top,
  fg,
  wait,
  kill,
  pause,
  resume,
  mkdir,
  rmdir,
  rm,
  mv,
  cp,
  revisions,
  restore,
  diff,
  undo,
  lcd,
  lpwd,
  lls,
  lmkdir,
  login,
  logout,
  whoami,
  passwd,
  share,
  unshare,
  shares,
  users,
  adduser,
  userdel,
  admin,
  quota,
  why,
  status,
  doctor,
  backup,
  fsck,
  policy,
  retain,
  peers,
  peer,
  coordinator,
  fingers,
  invite,
  alias,
  unalias,
  echo,
  set,
  unset,
  source,
  test,
  bracket,
  ltest,
  time,
  sleep,
  help,
  completion,
  exit,
];
