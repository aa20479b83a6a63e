import { X509Certificate } from "node:crypto";
import { posix } from "node:path";
import type { Fact } from "./facts.ts";
import { ReviewError } from "./review-error.ts";
import type { Revision } from "./revisions/revision.ts";
import { type Settings, section } from "./revisions/settings.ts";
import { show } from "./values.ts";

/** The authorities that `mirrors.ca` means: their PEM text, or the name of what could not be read. */
export type Authorities = { readonly pem: string } | { readonly unread: string };

/** What the setting means at a revision: it is the text itself, or the path of a file of the project. */
export function authoritiesAt(revision: Revision, settings: Settings): Authorities | undefined {
  const { ca } = section(settings, "mirrors");
  if (typeof ca !== "string" || ca.includes("-----BEGIN")) return authoritiesIn(ca);
  try {
    const pem = revision.read(posix.normalize(ca));
    return pem === undefined ? { unread: ca } : { pem };
  } catch (error) {
    // A file of the computer that a stack is run from is in no revision.
    if (error instanceof ReviewError) return { unread: ca };
    throw error;
  }
}

/** What a resource's input means, which is always the text. */
export function authoritiesIn(ca: unknown): Authorities | undefined {
  if (ca === undefined || ca === null) return undefined;
  return typeof ca === "string" && ca.includes("-----BEGIN") ? { pem: ca } : { unread: show(ca) };
}

/** Whether there is another text, as far as both are known. */
export function isOtherText(was: Authorities | undefined, is: Authorities | undefined): boolean {
  if (was === undefined || is === undefined) return was !== is;
  return "pem" in was && "pem" in is && was.pem !== is.pem;
}

const what = "authority trusted besides the public ones";
const widely = "who has its key can pass for any host that downloads come from";

/** Whom else is trusted than before, by the certificates' subjects. */
export function trustFacts(was: Authorities | undefined, is: Authorities | undefined): Fact[] {
  const [before, after] = [certificatesOf(was), certificatesOf(is)];
  if (was && is && "pem" in was && "pem" in is && was.pem === is.pem) return [];
  if (before === undefined || after === undefined) {
    const [from, to] = [was, is].map((one) => (one && "unread" in one ? one.unread : one && "a PEM text"));
    const note = "not every certificate of it can be read here, so whom it trusts cannot be told";
    return [
      is === undefined
        ? { what, before: from, effect: "narrows" }
        : { what, before: from, after: to, effect: "unclear", note },
    ];
  }
  const added = [...after].filter(([print]) => !before.has(print));
  const removed = [...before].filter(([print]) => !after.has(print));
  const facts = [
    ...added.map(([, name]): Fact => ({ what, after: name, effect: "widens", note: widely })),
    ...removed.map(([, name]): Fact => ({ what, before: name, effect: "narrows" })),
  ];
  const note = "the same certificates in another text";
  return facts.length > 0 || was === undefined ? facts : [{ what: "file of authorities", effect: "neutral", note }];
}

/** Subjects by fingerprint; undefined where one cannot be read. */
function certificatesOf(authorities: Authorities | undefined): Map<string, string> | undefined {
  if (authorities === undefined) return new Map();
  if ("unread" in authorities) return undefined;
  const blocks = authorities.pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  // OpenSSL takes more kinds of block for certificates than are looked into here.
  if (blocks.length === 0 || blocks.length !== authorities.pem.split("-----BEGIN").length - 1) return undefined;
  try {
    return new Map(blocks.map((text) => named(new X509Certificate(text))));
  } catch {
    return undefined;
  }
}

function named({ subject = "", fingerprint256 }: X509Certificate): [string, string] {
  const print = fingerprint256.replaceAll(":", "").toLowerCase();
  return [print, `${show(subject.trim().replaceAll("\n", ", ") || "no subject")} (sha256 ${print.slice(0, 12)}…)`];
}
