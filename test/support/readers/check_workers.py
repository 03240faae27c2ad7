"""What several workers did together, told by what they left behind: the ledger, and what a collector received.

Shares no code with the connector. Of every organization: were its polls one after another, whoever made them, and what
is the longest time without one? Of the collector: did it get every committed record, and nothing that was not
committed? A record of an aborted transaction has the same id as the one that was committed later, so records are
compared with their sequence, chain hash and time of receipt. Prints one JSON object.
"""

import argparse
import collections
import json
from datetime import datetime, timezone

from avro_values import ValueDecoder
from read_records import read_committed

MAX_SHOWN = 20
POLL = "huggingface.audit.poll."


def committed(brokers, topic, decoder):
    """(fingerprints of all that is forwarded, ledger entries by organization in the order of their partition)"""
    found = set()
    ledger = collections.defaultdict(list)
    for _, message in read_committed(brokers, topic):
        _, value = decoder.decode(message.value())
        received_ns = value["receivedAt"] * 1_000_000
        found.add(("event", value["id"], value["sequence"], value["chainHash"].hex(), received_ns))
    for _, message in read_committed(brokers, topic + ".ledger"):
        _, entry = decoder.decode(message.value())
        ledger[entry["organization"]].append(entry)
        times = (rfc3339(entry["startedAt"]), rfc3339(entry["finishedAt"]))
        found.add(("poll", entry["organization"], entry["anchor"], *times))
    for _, message in read_committed(brokers, topic + ".findings"):
        _, finding = decoder.decode(message.value())
        found.add(("finding", finding["organization"], finding["message"], finding["foundAt"] * 1_000_000))
    return found, ledger


def rfc3339(epoch_ms):
    whole = datetime.fromtimestamp(epoch_ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{epoch_ms % 1000:03d}Z"


def collected(file):
    """A fingerprint of every log record in a file of the collector's file exporter."""
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            for resource in json.loads(line).get("resourceLogs", []):
                for scope in resource.get("scopeLogs", []):
                    for record in scope.get("logRecords", []):
                        yield fingerprint(record)


def fingerprint(record):
    attributes = {a["key"]: next(iter(a.get("value", {}).values()), None) for a in record.get("attributes", [])}
    observed = int(record["observedTimeUnixNano"])
    organization = attributes.get("huggingface.audit.organization")
    name = record.get("eventName", "")
    if name == "hf_audit.poll":
        times = (attributes.get(POLL + "started_at"), attributes.get(POLL + "finished_at"))
        return ("poll", organization, attributes.get("huggingface.audit.anchor"), *times)
    if name.startswith("hf_audit.finding."):
        return ("finding", organization, record.get("body", {}).get("stringValue"), observed)
    sequence = int(attributes.get("huggingface.audit.sequence", -1))
    return ("event", attributes.get("log.record.uid"), sequence, attributes.get("huggingface.audit.chain_hash"), observed)


def check_collector(file, wanted):
    times = collections.Counter(collected(file))
    missing = [one for one in wanted if one not in times]
    foreign = [one for one in times if one not in wanted]
    return {
        "records": sum(times.values()),
        "distinct": len(times),
        "committed": len(wanted),
        "missing": len(missing),
        "notCommitted": len(foreign),
        "examples": {"missing": missing[:MAX_SHOWN], "notCommitted": foreign[:MAX_SHOWN]},
    }


def check_polls(ledger, since, until):
    organizations = {}
    overlapping = []
    for organization, entries in ledger.items():
        received = (entry["receivedAt"] for entry in entries)
        times = [since, *(at for at in received if since <= at <= until), until]
        pauses = [(later - earlier, earlier) for earlier, later in zip(times, times[1:])]
        longest, at = max(pauses)
        organizations[organization] = {"polls": len(entries), "longestUnpolledMs": longest, "unpolledSince": at}
        for before, after in zip(entries, entries[1:]):
            # What came from a download that began before the poll before it was finished was selected blindly.
            if after["receivedAt"] < before["finishedAt"]:
                overlapping.append(f"{organization}: {before['anchor']} and {after['anchor']}")
    return {"organizations": organizations, "overlapping": overlapping[:MAX_SHOWN]}


def main():
    parser = argparse.ArgumentParser(description="What several workers did together.")
    parser.add_argument("brokers")
    parser.add_argument("topic", help="prefix of the topics; values in Avro single-object encoding")
    parser.add_argument("collected", help="file of JSON lines that the collector wrote")
    parser.add_argument("since", type=int, help="epoch milliseconds: from when on every organization should be polled")
    parser.add_argument("until", type=int, help="epoch milliseconds")
    options = parser.parse_args()
    wanted, ledger = committed(options.brokers, options.topic, ValueDecoder(None))
    polls = check_polls(ledger, options.since, options.until)
    print(json.dumps({"collector": check_collector(options.collected, wanted), **polls}))


if __name__ == "__main__":
    main()
