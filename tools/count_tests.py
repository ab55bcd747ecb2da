"""Counts single tests over the logs that a `bazel test` run names, and prints "N passed, N failed[, N skipped]"."""

import json
import sys
import urllib.parse
import xml.etree.ElementTree


def cases_of(path):
    """Yields the outcome of each test case in a JUnit file; nothing for a file without cases."""
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            yield "failed"
        elif case.find("skipped") is not None or case.get("result") in ("skipped", "suppressed"):
            yield "skipped"
        else:
            yield "passed"


def main():
    events, bazel_status = sys.argv[1], int(sys.argv[2])
    count = {"passed": 0, "failed": 0, "skipped": 0}
    failing = []
    with open(events, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if "testResult" not in event:
                continue
            label = event["id"]["testResult"]["label"]
            good = event["testResult"]["status"] == "PASSED"
            outcomes = []
            for output in event["testResult"].get("testActionOutput", []):
                if output["name"] == "test.xml":
                    outcomes = list(cases_of(urllib.parse.unquote(output["uri"].removeprefix("file://"))))
            # A test that crashed or timed out may leave a file that knows of no failure.
            if good and not outcomes:
                outcomes = ["passed"]
            if not good and "failed" not in outcomes:
                outcomes.append("failed")
            for outcome in outcomes:
                count[outcome] += 1
            if not good:
                failing.append(label)
    for label in failing:
        print(f"FAILED {label}")
    if bazel_status != 0 and not count["failed"]:
        print("bazel failed before every test could run; see above")
        count["failed"] += 1
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
