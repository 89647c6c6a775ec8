# SPDX-License-Identifier: BSD-2-Clause
"""What tools/fuzz says in the end: a summary in words, and the coverage of core/ as a page."""

import html
import os

import coverage_report

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Coverage of core/</title>
<style>
body { font: 14px/1.4 sans-serif; margin: 2em; color: #222; background: #fff; }
table { border-collapse: collapse; } td, th { padding: 1px 12px 1px 0; text-align: right; }
td:first-child, th:first-child { text-align: left; } a { color: #024; }
meter { width: 8em; } pre { font: 12px/1.35 monospace; margin: 0; }
pre b { font-weight: normal; color: #888; } .no { background: #fcc; } .yes { background: #e6f6e6; }
.part { background: #fff2c0; } summary { cursor: pointer; margin-top: 1em; font-weight: bold; }
</style></head><body>
"""


def add_reports(sources, other):
    """Adds what `other` has counted to `sources`: both as of coverage_report.read_report()."""
    for source, (lines, branches) in other.items():
        if source not in sources:
            sources[source] = (dict(lines), {n: dict(arms) for n, arms in branches.items()})
            continue
        own_lines, own_branches = sources[source]
        for number, count in lines.items():
            own_lines[number] = own_lines.get(number, 0) + count
        for number, arms in branches.items():
            own = own_branches.setdefault(number, {})
            for arm, count in arms.items():
                own[arm] = own.get(arm, 0) + count


def _source_rows(text, lines, branches, excluded):
    for number, line in enumerate(text, 1):
        count, arms = lines.get(number), branches.get(number, {}).values()
        kind = ""
        if count is not None and number not in excluded:
            kind = "no" if count == 0 else "part" if 0 in arms else "yes"
        mark = "" if count is None else str(count)
        yield '<b>%5d %12s </b><span class="%s">%s</span>' % (
            number, mark, kind, html.escape(line))


def coverage_page(root, sources):
    """(the page, Counts of core/). Lines of assertions do not count, as in tools/coverage."""
    total = coverage_report.Counts(0, 0, 0, 0)
    rows, details = [], []
    for source, (lines, branches) in sorted(sources.items()):
        if not source.startswith("core/"):
            continue
        with open(os.path.join(root, source)) as file:
            text = file.read().split("\n")
        counts, unreached = coverage_report.measure(text, lines, branches)
        total = coverage_report.Counts(*(a + b for a, b in zip(total, counts)))
        rows.append(_row('<a href="#%s">%s</a>' % (source, source), counts))
        body = "\n".join(_source_rows(text, lines, branches,
                                      coverage_report.assertion_lines(text)))
        details.append('<details id="%s"%s><summary>%s</summary><pre>%s</pre></details>' % (
            source, " open" if unreached else "", source, body))
    page = [_PAGE, "<h1>Coverage of core/</h1>\n",
            "<p>Red: no input of the corpus reaches it. Yellow: reached, but not with every "
            "outcome of the branch. Lines of assertions do not count: only a broken kernel reaches "
            "their failing arms.</p>\n<table><tr><th>file<th>lines<th>reached<th><th>%<th>branches"
            "<th>taken<th>%\n", *rows, _row("<b>all</b>", total), "</table>\n", *details,
            "</body></html>\n"]
    return "".join(page), total


def _row(title, counts):
    lines = coverage_report.percent(counts.lines_hit, counts.lines)
    branches = coverage_report.percent(counts.branches_hit, counts.branches)
    return ('<tr><td>%s<td>%d<td>%d<td><meter value="%.3f"></meter><td>%.1f<td>%d<td>%d<td>%.1f\n'
            % (title, counts.lines, counts.lines_hit, lines / 100, lines, counts.branches,
               counts.branches_hit, branches))


def duration(seconds):
    hours, rest = divmod(int(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return "%d h %d min" % (hours, minutes)
    return "%d min %d s" % (minutes, rest) if minutes else "%d s" % rest


def short(number):
    """A number in few characters: 34.1k, 1.20M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return "%.3g%s" % (number / limit, unit)
    return "%d" % number


def progress_line(campaign):
    rates, state = campaign.rates(), campaign.state
    parts = [duration(campaign.seconds()), "%s inputs/s" % short(rates[0])]
    if campaign.totals()[1]:
        parts.append("%s events/s (%.1f each)" % (short(rates[1]), campaign.mean_events()))
    if state["cov"]:
        parts.append("cov %d" % state["cov"] + (" ft %d" % state["features"]) * (
            state["features"] > 0))
    parts.append("corpus %d" % campaign.corpus_size())
    met = sum(find["count"] for find in state["finds"])
    parts.append("finds %d%s" % (len(state["finds"]), " (met %d times)" % met if met else ""))
    return ", ".join(parts)


def summary(campaign, folder, coverage, replay, go_on):
    """The lines of the summary; `folder` is the campaign's, as the user knows it. `coverage` is
    Counts or None, `replay(find, input)` a command."""
    state = campaign.state
    seconds, inputs, events = state["seconds"], state["inputs"], state["events"]
    lines = ["", "%s: %s inputs in %s, %s each second." % (
        state["target"], "{:,}".format(inputs), duration(seconds),
        "{:,}".format(int(inputs / max(seconds, 1e-3))))]
    if events:
        lines.append("Events: %s, %.1f in an input." % ("{:,}".format(events),
                                                        campaign.mean_events()))
    lines.append("Seed: %d." % state["seed"])
    if state["deaths"]:
        lines.append("Fuzzers that died without a find, and were replaced: %d." % state["deaths"])
    corpus = os.path.relpath(campaign.corpus)
    lines.append("Corpus: %d inputs in %s." % (
        campaign.corpus_size(), campaign.corpus if corpus.startswith("..") else corpus))
    if coverage and coverage.lines:
        lines.append("Coverage of core/: %d of %d lines (%.1f %%), %d of %d branches (%.1f %%)" % (
            coverage.lines_hit, coverage.lines,
            coverage_report.percent(coverage.lines_hit, coverage.lines),
            coverage.branches_hit, coverage.branches,
            coverage_report.percent(coverage.branches_hit, coverage.branches)))
        lines.append("  " + os.path.join(folder, "coverage.html"))
    if state["longest"]:
        lines.append("Longest kernel entry: %d steps without a preemption point: %s" % (
            state["longest"], state["longest_what"]))
        # Its report may have been left out.
        if os.path.exists(os.path.join(campaign.longest.folder, "README.md")):
            lines.append("  " + os.path.join(folder, "longest", "README.md"))
    if not state["finds"]:
        lines.append("Nothing was found.")
    else:
        lines.append("Found: %d." % len(state["finds"]))
    for find in state["finds"]:
        lines += _find_lines(find, os.path.join(folder, "finds", find["name"]), replay)
    if go_on:
        lines.append("To go on: %s" % go_on)
    return lines


def _find_lines(find, where, replay):
    """What the summary says of a find whose folder is `where`: it names files that there are."""
    reported = find.get("reported", True)
    if not find["saved"]:
        what = "its input could not be saved"
    elif reported:
        what = os.path.join(where, "README.md")
    else:
        what = "its report is left to --resume"
    lines = ["  %s: %s" % (find["kind"], find["text"]),
             "    after %s, met %d time%s; %s" % (
                 duration(find["after"]), find["count"], "" if find["count"] == 1 else "s", what)]
    if find["saved"] and find.get("shows", True) is None:
        lines.append("    seen once: played alone, its input does not show it again")
    elif find["saved"]:
        name = "input" if reported else "input.original"
        lines.append("    replay: %s" % replay(find, os.path.join(where, name)))
    return lines
