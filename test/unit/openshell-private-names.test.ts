import { describe, expect, test } from "vitest";
import type { Question } from "../../host/question.ts";
import { network } from "../../host/runtimes/openshell/network.ts";
import { refusePrivateNames } from "../../host/runtimes/openshell/private-names.ts";
import { onlyOpenshellReaches } from "../../policies/reachable-address.ts";
import { networkPolicy } from "../../provider/handlers/network-policy.ts";
import { withStandIns } from "../support/stand-ins.ts";

const block = (...endpoints: object[]) => ({ endpoints, binaries: [{ path: "/**" }] });
const wiki = { host: "wiki.example.com", port: 443 };
const networkPolicies = {
  web: block({ host: "www.example.com", port: 443 }, wiki),
  listed: block({ host: "db.example.com", port: 443, allowed_ips: ["10.0.0.0/8"] }),
  others: block(
    { host: "*.example.com", port: 443 },
    { host: "10.9.9.9", port: 443 },
    { host: "host.openshell.internal", port: 80 },
    { port: 443, allowed_ips: ["10.0.0.0/8"] },
  ),
} as never;
const origins = { "network_policies.web.endpoints[1]": "policies/mine.yaml:9" };
const step = (more: { accept?: readonly string[]; origins?: typeof origins } = {}) =>
  refusePrivateNames({ networkPolicies, ...more });
const question = (of: ReturnType<typeof step>) => of.facts as Question<never>;
const read = (stdout: string, of = step()) => question(of).parse({ stdout, exitCode: 0 });
const answer = (host: string, ...addresses: string[]) =>
  addresses
    .map((address) => `${host} ${address.padEnd(15)} STREAM ${host}\n${host} ${address.padEnd(15)} DGRAM  \n`)
    .join("");
const outside = answer("www.example.com", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c");

describe("hosts of a policy that lead to private addresses, under OpenShell", () => {
  test("are refused before anything is loaded: host, address, file and line, what to accept", () => {
    const now = read(outside + answer("wiki.example.com", "93.184.215.15", "10.1.2.3"));
    expect(() => step({ origins }).plan(now)).toThrow(
      expect.objectContaining({
        kind: "not-converged",
        message: `the network policy names hosts that lead to private addresses, which OpenShell would reach; nothing was loaded
  said  policies/mine.yaml:9  network_policies.web.endpoints[1]: wiki.example.com is at 10.1.2.3
  try   list the addresses that are meant in allowed_ips, or take it knowingly: runtime.accept: [private-addresses]`,
      }),
    );
    expect(() => step().plan(now)).toThrow(/said {2}network_policies\.web\.endpoints\[1\]: wiki/);
  });

  test("are all named", () => {
    const now = read(answer("www.example.com", "fd12::1") + answer("wiki.example.com", "100.64.0.1"));
    expect(() => step().plan(now)).toThrow(/www\.example\.com is at fd12::1\n.*wiki\.example\.com is at 100\.64\.0\.1/);
  });

  test.each([
    ["lead outside", outside],
    ["have no address, or nobody to ask", ""],
    [
      "lead to the machine itself, where OpenShell goes for nobody",
      answer("wiki.example.com", "127.0.1.1", "169.254.169.254"),
    ],
  ])("are taken where they %s", (_, stdout) => {
    expect(step().plan(read(stdout))).toEqual([]);
  });

  test("are taken, and not asked about, where the stack accepts it", () => {
    const accepted = step({ accept: ["docker-version", "private-addresses"] });
    expect(question(accepted).script).not.toMatch(/getent/);
    expect(accepted.plan(read(answer("wiki.example.com", "10.1.2.3"), accepted))).toEqual([]);
    expect(() => step({ accept: ["docker-version"] }).plan(read(answer("wiki.example.com", "10.1.2.3")))).toThrow();
  });

  test("are asked about once each, all at the same time, and only where the policy says nothing of addresses", () => {
    // Each answers only once the other one was asked; one that is asked twice says so.
    const getent = `here=$(dirname "$0")
mkdir "$here/$2.asked" || echo '10.66.66.66 twice'
until test -d "$here/www.example.com.asked" && test -d "$here/wiki.example.com.asked"; do sleep 0.02; done
test "$1 $2" != 'ahosts wiki.example.com' || echo '10.1.2.3        STREAM wiki.example.com'`;
    const twice = { ...(networkPolicies as object), again: block(wiki) } as never;
    const both = refusePrivateNames({ networkPolicies: twice });
    const { stdout } = withStandIns({ getent }, question(both).script);
    expect(read(stdout, both)).toEqual([{ host: "wiki.example.com", address: "10.1.2.3" }]);
    expect(() => both.plan(read(stdout, both))).toThrow(/web\.endpoints\[1\][\s\S]*again\.endpoints\[0\]/);
  });

  test("stop the whole plan of a network policy", () => {
    const owner = { project: "p", stack: "s", installation: "i" };
    const of = network.step({ sandbox: "main", owner, networkPolicies, approval: "manual", inForce: true });
    const now = { box: { kind: "absent" }, addresses: read(answer("wiki.example.com", "10.1.2.3")) };
    expect(() => (of as { plan(now: unknown): unknown }).plan(now)).toThrow(/nothing was loaded/);
  });

  test("and what is accepted is no change of the policy by itself", () => {
    expect(networkPolicy.unnoticed).toContain("accept");
  });
});

test.each([
  ["10.0.0.1", true],
  ["172.31.255.255", true],
  ["192.168.1.1", true],
  ["100.100.100.200", true],
  ["::ffff:10.0.0.1", true],
  ["fc00::1", true],
  ["127.0.0.1", false],
  ["0.0.0.0", false],
  ["169.254.169.254", false],
  ["::1", false],
  ["fe80::1", false],
  ["8.8.8.8", false],
  ["2606:4700::1", false],
])("%s, without allowed_ips, is reached by OpenShell alone: %s", (address, alone) => {
  expect(onlyOpenshellReaches(address)).toBe(alone);
});
