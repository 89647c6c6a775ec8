# SPDX-License-Identifier: BSD-2-Clause
"""Checks a timeline against the published Trace Event Format, and against itself."""

import bisect
import collections
import json
import numbers

PHASES = "BEXiCsfM"
# "Reserved colour names" of Chrome's trace viewer.
COLOURS = {
    "thread_state_uninterruptible", "thread_state_iowait", "thread_state_running",
    "thread_state_runnable", "thread_state_sleeping", "thread_state_unknown", "good", "bad",
    "terrible", "black", "grey", "white", "yellow", "olive",
}
METADATA = {"process_name": ("name", str), "thread_name": ("name", str),
            "process_sort_index": ("sort_index", int), "thread_sort_index": ("sort_index", int)}
MACHINE, THREADS = 1, 2

Slice = collections.namedtuple("Slice", "track name start end event")


class FormatError(Exception):
    pass


def require(condition, what, event=None):
    if not condition:
        raise FormatError(what if event is None else "%s: %s" % (what, json.dumps(event)))


def is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_members(event):
    """What each phase must have."""
    phase = event.get("ph")
    require(isinstance(phase, str) and len(phase) == 1 and phase in PHASES, "bad phase", event)
    for key in ("pid", "tid"):
        require(type(event.get(key)) is int and event[key] >= 0, "bad " + key, event)
    require(is_number(event.get("ts")) and event["ts"] >= 0, "bad ts", event)
    if phase != "E":
        require(isinstance(event.get("name"), str) and event["name"], "no name", event)
    require(isinstance(event.get("args", {}), dict), "args is no object", event)
    require(isinstance(event.get("cat", ""), str), "cat is no string", event)
    require(event.get("cname", "grey") in COLOURS, "unknown colour", event)
    if phase == "X":
        require(is_number(event.get("dur")) and event["dur"] >= 0, "bad dur", event)
    elif phase == "i":
        require(event.get("s") in ("g", "p", "t"), "bad scope", event)
    elif phase == "C":
        values = list(event.get("args", {}).values())
        require(values and all(map(is_number, values)), "a counter without numbers", event)
    elif phase in "sf":
        require("id" in event and event.get("cat"), "a flow without id or category", event)
        require(phase == "s" or event.get("bp") == "e", "not bound to the slice around", event)
    elif phase == "M":
        require(event["name"] in METADATA, "unknown metadata", event)
        key, kind = METADATA[event["name"]]
        require(type(event.get("args", {}).get(key)) is kind, "bad metadata", event)


def collect_slices(events):
    """All slices; begins and ends must match."""
    slices, stacks = [], collections.defaultdict(list)
    for event in events:
        track = (event["pid"], event["tid"])
        if event["ph"] == "B":
            stacks[track].append(event)
        elif event["ph"] == "E":
            require(stacks[track], "an end without a begin", event)
            begin = stacks[track].pop()
            slices.append(Slice(track, begin["name"], begin["ts"], event["ts"], begin))
        elif event["ph"] == "X":
            slices.append(Slice(track, event["name"], event["ts"],
                                round(event["ts"] + event["dur"], 3), event))
    require(not any(stacks.values()), "begun and never ended: %s" % dict(stacks))
    return slices


def check_nesting(slices):
    """Within a track, two slices are apart, or one is in the other."""
    by_track = collections.defaultdict(list)
    for one in slices:
        by_track[one.track].append(one)
    for track in by_track.values():
        open_slices = []
        for one in sorted(track, key=lambda s: (s.start, -s.end)):
            while open_slices and open_slices[-1].end <= one.start:
                open_slices.pop()
            require(not open_slices or one.end <= open_slices[-1].end,
                    "slices cross: %s and %s" % (open_slices and open_slices[-1], one))
            open_slices.append(one)


def check_flows(events, slices):
    """Two ends each, with the same name and category, in slices; the second not earlier."""
    ends = collections.defaultdict(dict)
    for event in events:
        if event["ph"] in "sf":
            key = (event["cat"], event["id"])
            require(event["ph"] not in ends[key], "a flow has an end twice", event)
            ends[key][event["ph"]] = event
    wanted = collections.defaultdict(list)
    for flow in ends.values():
        for event in flow.values():
            wanted[event["pid"], event["tid"]].append(event["ts"])
    inside = set()
    for one in slices:
        times = wanted[one.track]
        for i in range(bisect.bisect_left(times, one.start), len(times)):
            if times[i] > one.end:
                break
            inside.add((one.track, times[i]))
    for flow in ends.values():
        require(len(flow) == 2, "a flow with one end", flow)
        require(flow["s"]["name"] == flow["f"]["name"], "two names", flow)
        require(flow["s"]["ts"] <= flow["f"]["ts"], "a flow backwards in time", flow)
        for event in flow.values():
            require(((event["pid"], event["tid"]), event["ts"]) in inside,
                    "a flow's end is in no slice", event)
    return ends


def check_order(events):
    last = 0
    for event in events:
        require(event["ts"] >= last, "earlier than the one before (%s)" % last, event)
        last = event["ts"]


def check_names(events):
    """Each track and process has one name."""
    names = collections.Counter()
    for event in events:
        if event["ph"] == "M" and event["name"] == "thread_name":
            names[event["pid"], event["tid"]] += 1
        elif event["ph"] == "M" and event["name"] == "process_name":
            names[event["pid"]] += 1
    require(all(count == 1 for count in names.values()), "a track with two names: %s" % names)
    for event in events:
        if event["ph"] != "M":
            require((event["pid"], event["tid"]) in names, "a track without name", event)
            require(event["pid"] in names, "a process without name", event)


def check_cores(events, slices, cores=1):
    """At every moment, the threads that run are those that the cores show."""
    changes = collections.defaultdict(lambda: [0, 0])
    for one in slices:
        if one.track[0] == MACHINE and one.event.get("cat") == "core" and one.name != "idle":
            changes[one.start][0] += 1
            changes[one.end][0] -= 1
        elif one.track[0] == THREADS and one.name == "running":
            changes[one.start][1] += 1
            changes[one.end][1] -= 1
    on_cores = running = 0
    for time in sorted(changes):
        on_cores += changes[time][0]
        running += changes[time][1]
        require(on_cores == running and running <= cores,
                "%d threads run at %s, and cores show %d" % (running, time, on_cores))


def check(text):
    """The timeline, if it is one; else FormatError."""
    try:
        timeline = json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError("no JSON: %s" % error) from None
    require(isinstance(timeline, dict), "no object")
    require(timeline.get("displayTimeUnit") in ("ms", "ns"), "bad displayTimeUnit")
    events = timeline.get("traceEvents")
    require(isinstance(events, list), "no list of events")
    for event in events:
        require(isinstance(event, dict), "an event is no object")
        check_members(event)
    slices = collect_slices(events)
    check_order(events)
    check_nesting(slices)
    check_flows(events, slices)
    check_names(events)
    check_cores(events, slices)
    return timeline
