#!/usr/bin/env python3
"""Makes a manual page of what a program says of itself: its --help, and that of each of its commands.

The help is the one source: a page says nothing that the program does not. A block of help is what stands between blank
lines. A title that ends in a colon over indented lines is a list (options, commands, exit codes) or, by its title, an
example; all else is prose."""

import argparse
import os
import re
import subprocess

# The languages that the programs speak: locale, and the titles of the sections that a manual page has to have.
LANGUAGES = {"en": ("C.UTF-8", "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS AND NOTES", "COMMANDS"),
             "ja": ("ja_JP.UTF-8", "名前", "書式", "説明", "オプションと注記", "コマンド")}
EXAMPLES = {"Example", "Examples", "例"}
# What the flag library says in English whatever the language.
TITLES = {"ja": {"Options": "オプション", "Positionals": "引数", "Subcommands": "コマンド", "Examples": "例"}}
ENTRY = re.compile(r"  (\S.*?)(?: {2,}(\S.*))?$")


def escaped(text):
    """Text as troff takes it for what it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


class Help:
    """One program's or command's help, taken apart."""

    def __init__(self, program, name, words, locale):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": locale, "COLUMNS": "100"}
        done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True, env=environment)
        self.title = " ".join([name, *words])
        blocks = [block.splitlines() for block in re.split(r"\n\s*\n", done.stdout.strip("\n")) if block.strip()]
        # The first block ends in the line of usage; the program is called there as it was started.
        self.description = " ".join(line.strip() for line in blocks[0][:-1])
        usage = blocks[0][-1]
        if not usage.startswith("Usage: "):
            raise ValueError(f"{self.title} --help does not begin with what it is and its usage: {usage}")
        self.usage = usage.removeprefix("Usage: ").replace(program, name)
        self.blocks = [tuple(block) for block in blocks[1:]]
        self.commands = [ENTRY.match(line)[1].split()[0] for block in self.blocks if block[0] == "Subcommands:"
                         for line in block[1:] if ENTRY.match(line)]


def listed(lines):
    """A list's entries: what stands left is a term, what stands right of it or below is said of it."""
    page = []
    for line in lines:
        entry = ENTRY.match(line)
        if entry is None:
            page.append(escaped(line.strip()))
            continue
        page += [".TP", f"\\fB{escaped(entry[1])}\\fR"]
        if entry[2]:
            page.append(escaped(entry[2]))
    return page


def rendered(block, titles):
    title, rest = block[0].rstrip(), block[1:]
    if not (title.endswith((":", "：")) and rest and all(not line or line.startswith(" ") for line in rest)):
        return [".PP", *(escaped(line.strip()) for line in block)]
    name = title[:-1]
    page = [".PP", f"\\fB{escaped(titles.get(name, name))}\\fR"]
    if name in EXAMPLES:
        return [*page, ".PP", ".RS 4", ".nf", *(escaped(line.removeprefix("  ")) for line in rest), ".fi", ".RE"]
    return [*page, *listed(rest)]


def separated(blocks):
    """The blocks, where what goes on indented after a blank line belongs to the example before it."""
    joined = []
    for block in blocks:
        goes_on = all(line.startswith("  ") for line in block)
        if joined and goes_on and joined[-1][0].rstrip()[:-1] in EXAMPLES:
            joined[-1] += ("", *block)
        else:
            joined.append(block)
    return joined


def command_pages(program, name, words, language, above):
    """The command and those below it. What it only repeats of the help above it is left out."""
    told = Help(program, name, words, LANGUAGES[language][0])
    titles = TITLES.get(language, {})
    page = [f'.SS "{escaped(told.title)}"', escaped(told.description), ".PP", f"\\fB{escaped(told.usage)}\\fR"]
    new = [block for block in separated(told.blocks) if block not in above and block[0] != "Subcommands:"]
    for block in new:
        page += rendered(block, titles)
    for command in told.commands:
        page += command_pages(program, name, [*words, command], language, above + separated(told.blocks))
    return page


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the program to ask")
    parser.add_argument("name", help="what it is called where it is installed")
    parser.add_argument("section", help="of the manual: 1, 8")
    parser.add_argument("--language", choices=sorted(LANGUAGES), default="en")
    parser.add_argument("--version", required=True)
    parser.add_argument("--date", required=True, help="YYYY-MM-DD")
    options = parser.parse_args()

    locale, name_title, synopsis, description, notes, commands = LANGUAGES[options.language]
    program = os.path.abspath(options.program)
    told = Help(program, options.name, [], locale)
    titles = TITLES.get(options.language, {})
    blocks = separated(told.blocks)
    page = [f'.TH {options.name.upper()} {options.section} {options.date} "Hozen {options.version}"',
            ".nh", ".ad l",
            f".SH {name_title}", f"{escaped(options.name)} \\- {escaped(told.description.rstrip('.。'))}",
            f".SH {synopsis}", f"\\fB{escaped(told.usage)}\\fR",
            f".SH {description}", escaped(told.description)]
    for block in blocks:
        if block[0] == "Subcommands:":
            page += rendered(block, titles)
    page.append(f'.SH "{notes}"')
    for block in blocks:
        if block[0] != "Subcommands:":
            page += rendered(block, titles)
    page.append(f'.SH "{commands}"')
    for command in told.commands:
        page += command_pages(program, options.name, [command], options.language, blocks)
    print("\n".join(page))


if __name__ == "__main__":
    main()
