import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { spawn } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import { writeBigFile } from "./content.ts";
import { Network, type Peer, type Program } from "./peers.ts";
import { runProgram } from "./run-program.ts";

const base = "/tmp/w8/BULK-data/ab";
const [job = "put", runsText = "2", ...builds] = process.argv.slice(2);
const runs = Number(runsText);
const MB = Number(process.env["MB"] ?? 1024);
mkdirSync(base, { recursive: true });
const corpora = "/tmp/w8/BULK-data/corpora";
mkdirSync(corpora, { recursive: true });
const corpus = async (n: number) => { const p = join(corpora, `big-${MB}-${n}`); if (!existsSync(p)) await writeBigFile(p, n, MB); else readFileSync(p).length; return p; };
function threads(pid: number) {
  const out = new Map<string, number>();
  for (const t of readdirSync(`/proc/${pid}/task`)) try {
    const s = readFileSync(`/proc/${pid}/task/${t}/stat`, "utf8");
    const f = s.slice(s.lastIndexOf(")") + 2).split(" ");
    out.set(`${t}${t === String(pid) ? "(main)" : ""}`, (Number(f[11]) + Number(f[12])) / 100);
  } catch {}
  const s = readFileSync(`/proc/${pid}/stat`, "utf8"); const f = s.slice(s.lastIndexOf(")") + 2).split(" ");
  out.set("all", (Number(f[11]) + Number(f[12])) / 100); out.set("sys", Number(f[12]) / 100);
  return out;
}
const hwm = (pid: number) => Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
const nets: { name: string; network: Network; peers: Peer[] }[] = [];
const sum = new Map<string, { wall: number[]; cpu: Map<string, number[]> }>();
try {
  for (const [i, dir] of builds.entries()) {
    const folder = join(base, `${process.pid}-${i}`); mkdirSync(folder, { recursive: true });
    const target = join(folder, "program"); mkdirSync(target);
    for (const part of ["bin", "dist", "package.json"]) cpSync(join(dir, part), join(target, part), { recursive: true });
    symlinkSync(join(dir, "node_modules"), join(target, "node_modules"));
    const profiles = process.env["PROF"];
    const program: Program = { folder, shell: join(target, "bin/dfs-shell.js"), peer: join(target, "bin/peer.js"), profiles: profiles && join(profiles, String(i)) };
    const network = new Network(program);
    const peers = [await network.add("owner"), await network.add("backup")];
    await network.shell(peers[0]!, "put -q package.json /seed");
    for (;;) {
      const { stdout } = await network.shell(peers[0]!, "backup --json");
      if (stdout.trim().split("\n").every((l) => { const { links, wanted } = JSON.parse(l); return links.filter((k: { standing: string }) => k.standing === "owner" || k.standing === "full").length >= wanted; })) break;
      await new Promise((r) => setTimeout(r, 200));
    }
    if (job !== "put") peers.push(await network.add("guest", ["--capacity", "0"]));
    if (job === "get") await network.shell(peers[0]!, `put -q ${await corpus(0)} /big`);
    if (process.env["TRACE"]) for (const p of peers) p.child.stdout!.on("data", (d) => appendFileSync(process.env["TRACE"] + "." + p.role, d));
    nets.push({ name: dir, network, peers });
    sum.set(dir, { wall: [], cpu: new Map() });
  }
  for (let run = 0; run < runs; run++) {
    for (const [i, { name, network, peers }] of nets.entries()) {
      const file = await corpus(job === "get" ? 0 : run);
      await runProgram("sync", []);
      await runProgram(process.execPath, ["-e", "for (let left = 4 * 2 ** 30; left > 0; left -= 2 ** 30) globalThis[left] = new Uint8Array(2 ** 30).fill(1)"]);
      const got = join(base, `${process.pid}-got-${i}-${run}`);
      const before = peers.map((p) => threads(p.child.pid!));
      const perf = process.env["PERF"] && run === runs - 1 ? spawn("perf", ["record", "-F", "499", "-e", "cpu-clock", "-g", "-o", process.env["PERF"] + "." + i, "-p", peers.map((p) => p.child.pid).join(",")], { stdio: "ignore" }) : undefined;
      if (perf) await new Promise((r) => setTimeout(r, 800));
      const start = performance.now();
      if (job === "get") await network.shell(peers[2]!, `get -q /big ${got}`);
      else await network.shell(job === "put" ? peers[0]! : peers[2]!, `put -q ${file} /${run}`);
      const wall = (performance.now() - start) / 1000;
      if (perf) { perf.kill("SIGINT"); await new Promise((r) => perf.once("exit", r)); }
      const entry = sum.get(name)!;
      entry.wall.push(wall);
      let line = `${name.split("/").at(-1)} run ${run}: ${wall.toFixed(2)} s ${(MB * 1.048576 / wall).toFixed(0)} MB/s load ${loadavg()[0]!.toFixed(1)}`;
      for (const [k, p] of peers.entries()) {
        const after = threads(p.child.pid!);
        const d = [...after].map(([t, v]) => [t, v - (before[k]!.get(t) ?? 0)] as const).filter(([, v]) => v >= 0.05);
        const all = d.find(([t]) => t === "all")?.[1] ?? 0;
        (entry.cpu.get(p.role) ?? entry.cpu.set(p.role, []).get(p.role)!).push(all);
        line += `\n   ${p.role} ${all.toFixed(2)} s ${hwm(p.child.pid!)} MiB [${d.filter(([t]) => t !== "all").map(([t, v]) => `${t.includes("main") ? "main" : t === "sys" ? "sys" : "t"} ${v.toFixed(2)}`).join(", ")}]`;
      }
      console.log(line);
      if (job === "get") { if (run === 0) await runProgram("cmp", [got, file]); }
    }
  }
  const med = (v: number[]) => v.toSorted((a, b) => a - b)[Math.floor((v.length - 1) / 2)]!;
  for (const [name, { wall, cpu }] of sum) console.log(`== ${name}: ${(MB * 1.048576 / med(wall)).toFixed(0)} MB/s; ${[...cpu].map(([r, v]) => `${r} ${med(v).toFixed(2)}`).join(" ")} sum ${[...cpu.values()].reduce((s, v) => s + med(v), 0).toFixed(2)}`);
} finally {
  for (const { network } of nets) await network.stop();
  for (const f of readdirSync(base)) rmSync(join(base, f), { recursive: true, force: true });
}
