import type { Stats } from "node:fs";
import { getegid, geteuid, getgroups } from "node:process";

/** The permissions of a file with a secret. */
type Access = Pick<Stats, "mode" | "uid" | "gid">;

/**
 * Whether users other than the CA can access a file that an operator provides. The kubelet mounts Secrets as
 * `root:<fsGroup>` with mode 0440, so a group of the CA may read a file that its owner cannot write, or that
 * another user owns.
 */
export function isExposed({ mode, uid, gid }: Access): boolean {
  if ((mode & 0o077) === 0 || isSystemdCredential({ mode, uid, gid })) return false;
  const isReadByGroup = (mode & 0o077) === 0o040 && isOwnGroup(gid);
  return !(isReadByGroup && ((mode & 0o200) === 0 || uid !== geteuid?.()));
}

export function modeText({ mode }: Pick<Access, "mode">): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}

/**
 * systemd gives a service its credentials as `root:root` with mode 0440 and an access control list, which lets only the
 * service's user read. The mode shows the mask of that list as the rights of the group.
 */
function isSystemdCredential({ mode, uid, gid }: Access): boolean {
  return (mode & 0o777) === 0o440 && uid === 0 && gid === 0;
}

function isOwnGroup(gid: number): boolean {
  return gid === getegid?.() || (getgroups?.().includes(gid) ?? false);
}
