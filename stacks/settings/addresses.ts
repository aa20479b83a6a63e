import { z } from "zod";
import { isOwnNetwork } from "../../policies/own-network.ts";

/** A URL of one of these schemes, without credentials in it and without a slash at its end. */
export function url(...schemes: readonly string[]) {
  return z
    .string()
    .superRefine((value, context) => {
      const refuse = (message: string, instead: string) =>
        context.addIssue({ code: "custom", message, params: { instead }, continue: false });
      if (/[\s\p{Cc}]/u.test(value)) {
        refuse(
          "the URL has a space, a line break or a control character in it",
          "the URL without; a space in a path is written %20",
        );
        return;
      }
      if (!URL.canParse(value) || !schemes.includes(new URL(value).protocol.slice(0, -1))) {
        const shown = JSON.stringify(value.replace(/\/\/[^/@]*@/, "//…@"));
        const bare = value.replace(/^[a-z+.-]+:\/\//i, "");
        refuse(`${shown} is not a URL with ${schemes.join(" or ")}`, `${schemes[0]}://${bare.replace(/^[^/@]*@/, "")}`);
        return;
      }
      const { username, password, search, hash } = new URL(value);
      if (username || password)
        refuse(
          "the URL has a user or a password in it, in clear",
          "the URL without; secrets are settings of their own",
        );
      if (search || hash) refuse("the URL has a ? or # part", "the URL without it");
    })
    .transform((value) => value.replace(/\/+$/, ""));
}

/**
 * The address of a service that a secret is sent to: https, or http where it stays in a network of one's own, so that no
 * key travels in clear.
 */
export const serviceUrl = url("https", "http").superRefine((value, context) => {
  const { protocol, hostname } = new URL(value);
  if (protocol === "https:" || isOwnNetwork(hostname)) return;
  const message = `${value} is http, and a key would travel in clear`;
  context.addIssue({ code: "custom", message, params: { instead: value.replace(/^http:/, "https:") } });
});
