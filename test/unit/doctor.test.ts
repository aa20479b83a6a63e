import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { fingerprint } from "../../host/host-keys.ts";
import { presentedKeys } from "../../host/presented-keys.ts";
import { describeKeys, describeMachine } from "../../scripts/doctor-report.ts";
import { hostAddress } from "../../scripts/host-address.ts";
import { newKey, startFakeHost } from "../support/fake-host.ts";

const blob = (key: { public: string }) => Buffer.from(key.public.split(" ")[1] ?? "", "base64");

describe("an address as people write it", () => {
  it.each([
    ["gpu.example.com", { address: "gpu.example.com", port: 22 }],
    ["10.0.0.4:2222", { address: "10.0.0.4", port: 2222 }],
    ["[2001:db8::4]:2222", { address: "2001:db8::4", port: 2222 }],
    ["[2001:db8::4]", { address: "2001:db8::4", port: 22 }],
    ["2001:db8::4", { address: "2001:db8::4", port: 22 }],
    ["admin@gpu.example.com", undefined],
    ["gpu:0", undefined],
    ["gpu:70000", undefined],
    ["-oProxyCommand=x", undefined],
    ["", undefined],
  ])("%j", (text, expected) => {
    expect(hostAddress(text)).toEqual(expected);
  });
});

describe("the host keys of a machine (a stand-in for one)", () => {
  it("shows each type's, with the fingerprints ssh-keygen prints, and logs in nowhere", async () => {
    const [ed25519, rsa] = [newKey(), newKey("rsa")];
    await using fake = await startFakeHost({ hostKey: ed25519, moreHostKeys: [rsa] });
    const keys = await presentedKeys("127.0.0.1", fake.machine.port);
    expect(keys).toEqual(
      [ed25519, rsa].map((key) => ({
        line: key.public.split(" ").slice(0, 2).join(" ").trim(),
        fingerprint: fingerprint(blob(key)),
      })),
    );
    expect(fake.seen).toMatchObject({ handshakes: 0, lines: [] });
    const shown = describeKeys("gpu.example", keys);
    expect(shown).toContain(fingerprint(blob(ed25519)));
    expect(shown).toContain("Nobody has vouched for them yet");
    expect(shown).toContain(`    - ${keys[1]?.line}`);
  });

  it("shows them through a jump host, which is logged in to with its own key pinned", async () => {
    await using jump = await startFakeHost();
    await using fake = await startFakeHost();
    const { address, port, user, hostKeys, privateKey } = jump.machine;
    const via = { kind: "jump" as const, address, port, user, hostKeys };
    const [key] = await presentedKeys("127.0.0.1", fake.machine.port, { via, privateKey });
    expect(key?.line).toBe(fake.machine.hostKeys[0]?.split(" ").slice(0, 2).join(" ").trim());
    expect(jump.seen.handshakes).toBeGreaterThan(0);
    expect(fake.seen.handshakes).toBe(0);
    expect(describeKeys("gpu.example", [], via)).toContain("gpu.example, through 127.0.0.1 presents these host keys");

    const impostor = { ...via, hostKeys: [newKey().public] };
    await expect(presentedKeys("127.0.0.1", fake.machine.port, { via: impostor, privateKey })).rejects.toMatchObject({
      kind: "host-key",
    });
  });

  it("says so when nothing answers, or what answers is something else", async () => {
    await expect(presentedKeys("127.0.0.1", 1)).rejects.toMatchObject({ kind: "unreachable" });
    const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await expect(presentedKeys("127.0.0.1", port, { timeoutMs: 2000 })).rejects.toMatchObject({ kind: "unreachable" });
    server.close();
  });
});

describe("the report about a machine", () => {
  const facts = {
    system: { name: "Debian 12", architecture: "x86_64", glibc: "2.36", systemd: 252 },
    kernel: { release: "6.1", cgroups: "cgroup2fs", landlock: false },
    room: { cpus: 4, memoryMiB: 8000, diskFreeMiB: 50000, diskAt: "/" },
    clockAhead: -3,
    gpu: { devices: 1, beforeTuring: false, names: [], driver: "" },
    docker: {
      packages: { "docker-ce": "5:28.2.2-1" },
      service: { loaded: true, active: true, comesUp: true },
      daemon: { version: "28.2.2", containers: 2, swarm: false },
    },
    ports: [
      { port: 17871, heldBy: "nginx.service" },
      { port: 17872, heldBy: "" },
    ],
  } as never;

  it("tells what is wrong with the environment on it, with what to do, or who stopped it", () => {
    const fit = { missing: [], notes: [] };
    const faults = [{ found: "the agent does not answer", try: "scripts/logs agent" }];
    const wrong = describeMachine("admin@box:22", facts, fit, { faults });
    expect(wrong).toMatch(/^FAULT {6}the agent does not answer\n {2}try {6}scripts\/logs agent$/m);
    expect(wrong).not.toContain("fit");
    const stopped = { by: "anna@laptop", since: "2026-11-22T21:04:05.000Z" };
    expect(describeMachine("admin@box:22", facts, fit, { faults: [], stopped })).toMatch(
      /the environment on it is stopped on purpose by anna@laptop[\s\S]*\nfit for this stack$/,
    );
  });

  it("tells what is wrong elsewhere where the machine itself does not answer", () => {
    const missing = [{ what: "machine", found: "nothing is known of admin@box:22", try: "look at it" }];
    const faults = [{ found: "sandbox second: no turn", try: "scripts/logs" }];
    expect(describeMachine("admin@box:22", undefined, { missing, notes: [] }, { faults }).split("\n")).toEqual([
      "machine    admin@box:22",
      "MISSING    nothing is known of admin@box:22",
      "  try      look at it",
      "FAULT      sandbox second: no turn",
      "  try      scripts/logs",
    ]);
  });

  it("lists what is missing with what to do", () => {
    const missing = [{ what: "port-17871", found: "nginx.service listens on port 17871", try: "stop it" }];
    const text = describeMachine("admin@box:22", facts, { missing, notes: ["the kernel offers no Landlock"] });
    expect(text.split("\n")).toEqual([
      "machine    admin@box:22",
      "system     Debian 12, x86_64, Linux 6.1",
      "libraries  glibc 2.36, systemd 252",
      "kernel     control groups cgroup2fs, Landlock not offered",
      "room       4 CPUs, 8000 MiB of memory, 50000 MiB free on /",
      "clock      3 s behind",
      "GPU        1 of NVIDIA, no driver",
      "Docker     docker-ce 5:28.2.2-1 was here before, with 2 running containers, and is used as it is",
      "ports      17871 nginx.service",
      "note       the kernel offers no Landlock",
      "MISSING    nginx.service listens on port 17871",
      "  try      stop it",
    ]);
  });

  it("says that a machine will do", () => {
    expect(describeMachine("box", facts, { missing: [], notes: [] })).toMatch(/fit for this stack$/);
  });
});
