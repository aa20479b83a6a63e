import { Volume } from "@pulumi/aws/ebs/volume.js";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { guarded } from "../../components/machine/guarded.ts";
import { cidrFault, isEverybody } from "../../policies/guardrails/cidr.ts";
import type { Declared } from "../../policies/guardrails/guardrail.ts";
import { broken, explain, guardrails } from "../../policies/guardrails/rules.ts";
import { declare } from "../support/declared-graph.ts";

const resource = (type: string, props: Record<string, unknown>, protect = false): Declared => ({
  type,
  name: "r",
  props,
  protect,
});
const ingress = (props: object) =>
  resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {
    ipProtocol: "tcp",
    fromPort: 22,
    toPort: 22,
    ...props,
  });
const firewall = (props: object) =>
  resource("gcp:compute/firewall:Firewall", { allows: [{ protocol: "tcp", ports: ["22"] }], ...props });
const instance = (props: object) => resource("aws:ec2/instance:Instance", { ...safe, ...props });
const safe = {
  ami: "ami-0123456789abcdef0",
  metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
  rootBlockDevice: { encrypted: true },
};
const image = (name: string) =>
  resource("gcp:compute/instance:Instance", { bootDisk: { initializeParams: { image: name } } });
const command = (connection: object) => resource("command:remote:Command", { connection });
const bridge = (name: string, props: object): Declared => ({
  ...resource("nemoclaw:host:TelegramBridge", { chats: [1], ...props }),
  name,
});
const network = (endpoint: object) =>
  resource("nemoclaw:host:NetworkPolicy", { networkPolicies: { web: { endpoints: [endpoint] } } });
const tunnel = (props: Record<string, unknown>) => resource("nemoclaw:settings:Tunnel", props);
const cloudflared = (props: Record<string, unknown>) => resource("nemoclaw:host:CloudflareTunnel", props);
const volume = (props: Record<string, unknown>, protect = false) =>
  resource("aws:ebs/volume:Volume", { encrypted: true, ...props }, protect);
const disk = (props: Record<string, unknown>, protect = false) => resource("gcp:compute/disk:Disk", props, protect);
const later = { apply: () => later };

const stacks: Record<string, { passes: Declared[][]; fails: [Declared[], string][] }> = {
  "no-open-ssh": {
    passes: [
      [ingress({ cidrIpv4: "203.0.113.0/24" }), ingress({ cidrIpv6: "2001:db8::/48" })],
      [ingress({ cidrIpv4: "0.0.0.0/0", fromPort: 443, toPort: 443 })],
      [ingress({ cidrIpv4: "0.0.0.0/0", description: "accepted risk: a honeypot" })],
      [ingress({ cidrIpv4: later })],
      [
        firewall({ sourceRanges: ["35.235.240.0/20"] }),
        firewall({ direction: "EGRESS" }),
        firewall({ sourceTags: ["jump"] }),
        firewall({ allows: undefined, denies: [{ protocol: "tcp", ports: ["22"] }], sourceRanges: ["0.0.0.0/0"] }),
      ],
    ],
    fails: [
      [[ingress({ cidrIpv4: "0.0.0.0/0" })], "cidrIpv4: 0.0.0.0/0 may reach SSH"],
      [[ingress({ cidrIpv6: "::/0" })], "cidrIpv6: ::/0 may reach SSH"],
      [[ingress({ cidrIpv4: "0.0.0.0/0", fromPort: 0, toPort: 1024 })], "cidrIpv4"],
      [[ingress({ cidrIpv4: "0.0.0.0/0", ipProtocol: "-1", fromPort: undefined })], "cidrIpv4"],
      [[ingress({ cidrIpv4: "0.0.0.0/0", description: "accepted risk: " })], "cidrIpv4"],
      [
        [
          resource("aws:ec2/securityGroup:SecurityGroup", {
            ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/0"] }],
          }),
        ],
        "ingress[0].cidrBlocks",
      ],
      [
        [
          resource("aws:ec2/securityGroupRule:SecurityGroupRule", {
            type: "ingress",
            protocol: "tcp",
            fromPort: 22,
            toPort: 22,
            cidrBlocks: ["0.0.0.0/0"],
          }),
        ],
        "cidrBlocks",
      ],
      [[firewall({ sourceRanges: ["0.0.0.0/0"] })], "sourceRanges: 0.0.0.0/0"],
      [[firewall({})], "sourceRanges: 0.0.0.0/0"],
      [[firewall({ allows: [{ protocol: "tcp", ports: ["20-30"] }], sourceRanges: ["0.0.0.0/0"] })], "sourceRanges"],
      [[firewall({ allows: [{ protocol: "all" }], sourceRanges: ["0.0.0.0/0"] })], "sourceRanges"],
    ],
  },
  "instance-metadata-v2": {
    passes: [[instance({})], [instance({ metadataOptions: { httpEndpoint: "disabled" } })]],
    fails: [
      [[instance({ metadataOptions: undefined })], 'metadataOptions.httpTokens: "optional"; expected "required"'],
      [
        [instance({ metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 2 } })],
        "httpPutResponseHopLimit: 2",
      ],
    ],
  },
  "encrypted-disks": {
    passes: [[instance({}), volume({}, true)], [instance({ rootBlockDevice: later })]],
    fails: [
      [[instance({ rootBlockDevice: {} })], "rootBlockDevice.encrypted"],
      [[instance({ rootBlockDevice: undefined })], "rootBlockDevice.encrypted"],
      [[instance({ ebsBlockDevices: [{ deviceName: "/dev/sdg" }] })], "ebsBlockDevices[0].encrypted"],
      [[volume({ encrypted: false }, true)], "encrypted: is not encrypted"],
    ],
  },
  "host-key": {
    passes: [
      [command({ host: "h", hostKey: "ssh-ed25519 A" }), command({ host: "h", hostKey: later })],
      [resource("nemoclaw:host:Workspace", { machine: { hostKeys: [later] } })],
    ],
    fails: [
      [[command({ host: "h" })], "connection.hostKey"],
      [[command({ host: "h", hostKey: "ssh-ed25519 A", proxy: { host: "j" } })], "connection.proxy.hostKey"],
      [[resource("nemoclaw:host:Workspace", { machine: { hostKeys: [] } })], "machine.hostKeys"],
    ],
  },
  "telegram-chats": {
    passes: [[bridge("a", {})]],
    fails: [[[bridge("a", { chats: [] })], "chats: no chat is listed"]],
  },
  "one-bot-per-token": {
    passes: [
      [bridge("a", { token: "1:x" }), bridge("b", { token: "2:y" })],
      [bridge("a", {}), bridge("b", { token: later })],
    ],
    fails: [[[bridge("a", { token: "1:x" }), bridge("b", { token: "1:x" })], "token: the same bot as a"]],
  },
  "no-wildcard-egress": {
    passes: [[network({ host: "*.example.com" }), network({ host: "api.example.com", allowed_ips: ["10.0.0.0/8"] })]],
    fails: [
      [[network({ host: "*" })], "endpoints[0].host: * is too wide"],
      [[network({ host: "**.com" })], "**.com is too wide"],
      [[network({ host: "a.example.com", allowed_ips: ["0.0.0.0/0"] })], "allowed_ips: 0.0.0.0/0"],
    ],
  },
  "pinned-versions": {
    passes: [
      [instance({}), image("projects/p/global/images/x-1")],
      [resource("nemoclaw:host:Sandbox", { agent: { version: "2026.9.6" } })],
      [resource("docker:index/container:Container", { image: `a@sha256:${"0".repeat(64)}` })],
    ],
    fails: [
      [[instance({ ami: "resolve:ssm:/aws/x" })], "ami: "],
      [[image("projects/p/global/images/family/x")], "bootDisk.initializeParams.image"],
      [[image("debian-12")], "bootDisk.initializeParams.image"],
      [[resource("nemoclaw:host:Sandbox", { agent: { version: "latest" } })], 'agent.version: "latest"'],
      [[resource("docker:index/container:Container", { image: "a:latest" })], "image: "],
    ],
  },
  "tunnel-access": {
    passes: [
      [tunnel({ kind: "none" }), tunnel({ kind: "named", access: "cloudflare-access" })],
      [tunnel({ kind: "quick", access: "public", reason: "a demo" })],
      [cloudflared({ kind: "named", access: "cloudflare-access" }), cloudflared({ kind: "named", access: later })],
    ],
    fails: [
      [[tunnel({ kind: "quick" })], "access: a quick tunnel lets everybody in"],
      [[tunnel({ kind: "named", access: "public" })], "reason: everybody is let in"],
      [[cloudflared({ kind: "named" })], "access: nothing says who is let in"],
      [[cloudflared({ kind: "quick", access: "cloudflare-access" })], "access: a quick tunnel lets everybody in"],
      [[cloudflared({ kind: "named", access: "public" })], "reason: everybody is let in"],
    ],
  },
  "protected-data": {
    passes: [
      [volume({}, true), disk({}, true)],
      [volume({ tags: { "accepted-risk": "accepted risk: a lab" } })],
      [disk({ description: "accepted risk: a lab" })],
      [disk({ labels: { "accepted-risk": "a-lab" } })],
    ],
    fails: [
      [[volume({})], "protect: can be deleted with the stack"],
      [[disk({ description: "data" })], "protect: can be deleted with the stack"],
      [[disk({ labels: { "accepted-risk": "" } })], "protect: can be deleted with the stack"],
    ],
  },
};

const found = (stack: readonly Declared[], name: string) =>
  broken(stack)
    .filter(({ guardrail }) => guardrail.name === name)
    .map(({ violation }) => `${violation.path}: ${violation.message}`);

describe.each(guardrails.map(({ name }) => name))("%s", (name) => {
  const { passes = [], fails = [] } = stacks[name] ?? {};

  test.each(passes.map((stack) => [JSON.stringify(stack.map(({ props }) => props)).slice(0, 120), stack] as const))(
    "passes: %s",
    (_shown, stack) => expect(found(stack, name)).toEqual([]),
  );

  test.each(
    fails.map(([stack, said]) => [JSON.stringify(stack.map(({ props }) => props)).slice(0, 120), stack, said] as const),
  )("fails: %s", (_shown, stack, said) => expect(found(stack, name)).toContainEqual(expect.stringContaining(said)));

  test("has a passing and a failing stack", () => {
    expect(passes.length).toBeGreaterThan(0);
    expect(fails.length).toBeGreaterThan(0);
  });
});

test("every rule says why it is there and how to break it knowingly", () => {
  for (const { rule, reason, wayOut } of guardrails)
    for (const text of [rule, reason, wayOut]) expect(text).toMatch(/\w/);
  const [first] = broken([volume({ encrypted: false }, true)]);
  expect(first && explain(first.guardrail, first.violation)).toMatch(/^r {2}encrypted\n[\s\S]*because[\s\S]*way out/);
});

test("a component refuses what breaks a rule, without the policy pack", async () => {
  class Careless extends pulumi.ComponentResource {
    constructor() {
      super("test:index:Careless", "careless", {}, guarded());
      new Volume("data", { availabilityZone: "eu-central-1a", encrypted: true, size: 5 }, { parent: this });
    }
  }
  await expect(declare(() => void new Careless())).rejects.toThrow(/protected-data[\s\S]*the agent's files cannot/);
});

describe("blocks of addresses", () => {
  test.each(["0.0.0.0/0", "203.0.113.0/24", "203.0.113.7/32", "::/0", "2001:db8::/32", "2001:db8::1/128"])(
    "%s is one",
    (text) => expect(cidrFault(text)).toBeUndefined(),
  );
  test.each([
    ["203.0.113.7", "203.0.113.7/32"],
    ["203.0.113.7/24", "203.0.113.0/24 or 203.0.113.7/32"],
    ["2001:db8::1", "2001:db8::1/128"],
    ["2001:db8::ffff/112", "2001:db8::/112 or 2001:db8::ffff/128"],
    ["10.0.0.0/40", "10.0.0.0/32"],
    [" 10.0.0.0/8", "10.0.0.0/8"],
    ["host.example.com", "one such as 203.0.113.0/24"],
    ["10.0.0.0/8/8", "one such as 203.0.113.0/24"],
    ["", "one such as 203.0.113.0/24"],
  ])("%s is none; instead %s", (text, instead) => expect(cidrFault(text)?.instead).toBe(instead));

  test("everybody is everybody in halves, too", () => {
    for (const text of ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0", "2000::/3"])
      expect(isEverybody(text)).toBe(true);
    for (const text of ["10.0.0.0/8", "2001:db8::/32", "x"]) expect(isEverybody(text)).toBe(false);
  });
});
