/** The man pages, from the tables that the programs themselves go by. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commands } from "../src/shell/commands/table.ts";
import { topics } from "../src/shell/help-topics.ts";
import { programAbout, programName, programOptions, programSynopses } from "../src/shell/launch.ts";
import { exitCodes } from "../src/shell/manual.ts";
import { commandPage, optionTerm, paragraph, terms } from "../src/shell/manual-page.ts";
import type { Block, Section, Term } from "../src/shell/manual-page.ts";
import { peerAbout, peerConduct, peerOptionTerms, peerUsage } from "../src/peer/peer-options.ts";
import { manPage } from "./roff.ts";
import type { ManSection } from "./roff.ts";

const { version } = JSON.parse(readFileSync(fileURLToPath(new URL("../package.json", import.meta.url)), "utf8")) as {
  readonly version: string;
};

/** docs/dfs-shell.1 */
export function shellManPage(): string {
  const sections: readonly ManSection[] = [
    { heading: "NAME", blocks: [paragraph(`${programName} - ${programAbout}`)] },
    {
      heading: "SYNOPSIS",
      blocks: programSynopses.map((usage): Block => ({ kind: "synopsis", name: programName, usage })),
    },
    {
      heading: "DESCRIPTION",
      blocks: [
        paragraph(
          "A private, encrypted, versioned file space across a group's own machines, with no server to run. Without an operand it opens a prompt; with one it runs a script; with -c the commands that it is given. Where no peer runs on this machine it starts one in its own process.",
        ),
        paragraph("At the prompt, help lists the commands, and help COMMAND tells what is here below COMMANDS."),
      ],
    },
    { heading: "OPTIONS", blocks: [terms(...programOptions.map((option): Term => optionTerm(option)))] },
    {
      heading: "COMMANDS",
      blocks: [],
      parts: commands.map((command) => ({ heading: command.name, blocks: inOne(commandPage(command)) })),
    },
    ...topics.map((topic): ManSection => ({
      heading: topic.name.toUpperCase(),
      blocks: [paragraph(sentence(topic.summary))],
      parts: topic.sections.filter(({ heading }) => heading !== "SEE ALSO"),
    })),
    {
      heading: "EXIT STATUS",
      blocks: [terms(...Object.entries(exitCodes).map(([code, meaning]): Term => [code, meaning]))],
    },
    { heading: "SEE ALSO", blocks: [paragraph("dfs-peer(1)")] },
  ];
  return manPage({ name: programName, version, sections });
}

/** The manual of a command as one part: the headings of its sections become the first words of lists. */
function inOne(sections: readonly Section[]): readonly Block[] {
  return sections.flatMap(({ heading, blocks }): readonly Block[] => {
    if (heading === "NAME") return [];
    if (heading === "SYNOPSIS" || heading === "DESCRIPTION") return blocks;
    if (heading === "SEE ALSO") return [paragraph("See also:"), ...blocks];
    return [paragraph(`${sentence(heading.toLowerCase()).slice(0, -1)}:`), ...blocks];
  });
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** docs/dfs-peer.1 */
export function peerManPage(): string {
  const sections: readonly ManSection[] = [
    { heading: "NAME", blocks: [paragraph(`dfs-peer - ${peerAbout}`)] },
    { heading: "SYNOPSIS", blocks: [{ kind: "synopsis", name: "dfs-peer", usage: peerUsage }] },
    {
      heading: "DESCRIPTION",
      blocks: [
        paragraph(
          "A peer keeps files of others, finds holders, and may become one of the coordinators that keep the catalogue together. A shell on the same machine finds it by the data folder.",
        ),
        paragraph(peerConduct),
      ],
    },
    { heading: "OPTIONS", blocks: [terms(...peerOptionTerms)] },
    { heading: "SEE ALSO", blocks: [paragraph("dfs-shell(1)")] },
  ];
  return manPage({ name: "dfs-peer", version, sections });
}
