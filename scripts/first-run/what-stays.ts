import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { MadeHere } from "./made-here.ts";
import type { KeptStackFile } from "./stack-file.ts";

/** What quick starts leave on this computer, each with the command that removes it. */
export function whatStays({ packages, groups, clis }: MadeHere, file?: KeptStackFile): [string, string][] {
  const names = packages.join(" ");
  const homes = [...new Set(clis.map((folder) => join(folder, "..", "..")))].filter((home) => existsSync(home));
  return [
    ...(file ? [keptFile(file)] : []),
    ["node_modules/ in this clone", "rm -r node_modules"],
    ["what npm has downloaded, in its cache (~/.npm as a rule)", "npm cache clean --force"],
    ...(names ? [[`from apt: ${names}`, `apt-get remove ${names}`] as [string, string]] : []),
    ...homes.map((home): [string, string] => [`${home}, where any Pulumi CLI keeps logs and logins`, `rm -r ${home}`]),
    ...groups.map((group): [string, string] => [
      `you in the group ${group}`,
      `gpasswd --delete ${userInfo().username} ${group}`,
    ]),
  ];
}

function keptFile({ file, passphrase }: KeptStackFile): [string, string] {
  const yours = `${file}, which you wrote or changed`;
  if (!passphrase) return [yours, `rm ${file}`];
  return [`${yours}, and ${passphrase}, without which nobody reads its secrets`, `rm ${file} ${passphrase}`];
}
