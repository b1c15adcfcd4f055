/** The man pages are whole and well-formed; mandoc, where it is installed, says so too. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { peerManPage, shellManPage } from "../../scripts/man-pages.ts";
import { manPage } from "../../scripts/roff.ts";
import { peerOptionSpecs } from "../../src/peer/peer-options.ts";
import { commands } from "../../src/shell/commands/table.ts";
import { topics } from "../../src/shell/help-topics.ts";
import { programOptions } from "../../src/shell/launch.ts";

const requests = new Set(["TH", "SH", "SS", "PP", "TP", "nf", "fi", '\\"']);

/** What mandoc finds wrong, but for the date that there is none of; nothing where it is not installed. */
function lintFaults(page: string): readonly string[] {
  const { stdout, error } = spawnSync("mandoc", ["-Tlint", "-Wwarning"], { input: page, encoding: "utf8" });
  if (error !== undefined) return [];
  return stdout.split("\n").filter((line) => line !== "" && !line.includes("missing date"));
}

describe("man pages", () => {
  it.each([
    ["dfs-shell", shellManPage()],
    ["dfs-peer", peerManPage()],
  ])("HELP-11 %s.1 is roff that man can draw", (name, page) => {
    const lines = page.trimEnd().split("\n");
    expect(lines[1]).toMatch(
      new RegExp(`^\\.TH ${name.toUpperCase()} 1 "" "dfs-shell \\d+\\.\\d+\\.\\d+" "User Commands"$`),
    );
    expect(
      lines.filter((line) => line.startsWith(".")).filter((line) => !requests.has(line.slice(1).split(" ")[0] ?? "")),
    ).toEqual([]);
    expect(lines.filter((line) => line === "" || line.startsWith("'"))).toEqual([]);
    expect(page).toMatch(/^[\u0000-\u007f]*$/);
    expect(lines.filter((line) => line === ".nf").length).toBe(lines.filter((line) => line === ".fi").length);
    expect(lintFaults(page)).toEqual([]);
  });

  it("HELP-11 dfs-shell.1 has every command, topic and option", () => {
    const page = shellManPage().replaceAll("\\-", "-");
    for (const { name, options } of commands) {
      const start = page.indexOf(`\n.SS ${name}\n`);
      expect(start, name).toBeGreaterThan(0);
      const part = page.slice(start, page.indexOf("\n.S", start + 1));
      for (const { long } of options) expect(part, name).toContain(`-${long}`);
    }
    for (const { name } of topics) expect(page).toContain(`\n.SH ${name.toUpperCase()}\n`);
    for (const { long } of programOptions) expect(page).toContain(`--${long}`);
  });

  it("HELP-11 dfs-peer.1 has every option", () => {
    const page = peerManPage().replaceAll("\\-", "-");
    for (const long of Object.keys(peerOptionSpecs)) expect(page).toMatch(new RegExp(`\n\\\\fB--${long}[ \\\\]`));
  });

  it("HELP-11 text is text: nothing in it is a request, an escape or a quote of roff", () => {
    const page = manPage({
      name: "x",
      version: "1",
      sections: [
        {
          heading: "A B",
          blocks: [
            { kind: "paragraph", text: ".PP 'a' \\n – -x" },
            { kind: "lines", lines: [".fi"] },
          ],
        },
      ],
    });
    expect(page.split("\n").slice(2)).toEqual([
      '.SH "A B"',
      "\\&.PP \\(aqa\\(aq \\en \\[u2013] \\-x",
      ".PP",
      ".nf",
      "\\&.fi",
      ".fi",
      "",
    ]);
  });
});
