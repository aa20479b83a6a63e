import { at, eachOf, type Guardrail, isKnown } from "./guardrail.ts";

/** Who may come in through a tunnel is written down. */
export const tunnelAccess: Guardrail = {
  name: "tunnel-access",
  rule: "A tunnel says who is let in: cloudflare-access, or public with a reason",
  reason: "a tunnel is a door from the internet to the machine, and a forgotten one has no lock",
  wayOut: "access: public, and reason: why everybody may come in",
  check: eachOf(["nemoclaw:host:CloudflareTunnel", "nemoclaw:settings:Tunnel"], function* ({ props }) {
    const [kind, access, reason] = [at(props, "kind"), at(props, "access"), at(props, "reason")];
    if (kind === "none" || !isKnown(props.access)) return;
    if (kind === "quick" && access !== "public") {
      yield { path: "access", message: "a quick tunnel lets everybody in; expected access: public, and a reason" };
    } else if (access !== "public" && access !== "cloudflare-access") {
      yield {
        path: "access",
        message: "nothing says who is let in; expected cloudflare-access, or public and a reason",
      };
    }
    if (access === "public" && isKnown(props.reason) && !String(reason ?? "").trim())
      yield { path: "reason", message: "everybody is let in, and no reason is given" };
  }),
};
