"""Holds the topics of a connector against the Hub's own log: is each event there once, in order, unchanged?

Shares no code with the connector: librdkafka reads committed records, fastavro decodes them, Python's standard library
downloads the export, cuts its elements out and works out every hash. Prints one JSON object. The workers must be
stopped: what they would still publish would be missing here.
"""

import argparse
import collections
import hashlib
import json
import time
import urllib.request
import uuid

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from avro_values import ValueDecoder
from read_records import read_committed
from record_checks import KeyCheck, check_record, murmur2_partition

MAX_SHOWN = 20
STREAMS = ["", ".ledger", ".findings", ".dead-letter", ".checkpoint"]


def exported(hub, organization):
    """SHA-256 of each element's exact bytes, by its id."""
    request = urllib.request.Request(
        f"{hub}/api/organizations/{organization}/audit-log/export", headers={"Authorization": "Bearer hf_simulated"}
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        text = response.read().decode("utf-8")
    decoder = json.JSONDecoder()
    elements = {}
    position = skip_blank(text, 0) + 1
    while True:
        position = skip_blank(text, position)
        if text[position] == "]":
            return elements
        if text[position] == ",":
            position = skip_blank(text, position + 1)
        element, end = decoder.raw_decode(text, position)
        elements[element["_id"]] = hashlib.sha256(text[position:end].encode("utf-8")).digest()
        position = end


def skip_blank(text, position):
    while text[position] in " \t\r\n":
        position += 1
    return position


def unended(brokers, topics, seconds):
    """Partitions whose last stable offset stays behind their end: a transaction there has not ended."""
    admin = AdminClient({"bootstrap.servers": brokers})
    found = admin.list_topics(timeout=30).topics
    partitions = [TopicPartition(topic, p) for topic in topics for p in found[topic].partitions]

    def ends(level):
        futures = admin.list_offsets(
            {partition: OffsetSpec.latest() for partition in partitions}, isolation_level=level, request_timeout=30
        )
        return {(p.topic, p.partition): future.result().offset for p, future in futures.items()}

    deadline = time.monotonic() + seconds
    while True:
        all_ends = ends(IsolationLevel.READ_UNCOMMITTED)
        stable = ends(IsolationLevel.READ_COMMITTED)
        behind = [f"{t}[{p}]: stable to {stable[t, p]} of {end}" for (t, p), end in all_ends.items() if stable[t, p] < end]
        if not behind or time.monotonic() > deadline:
            return behind
        time.sleep(0.1)


def count_uncommitted(brokers, topic):
    """Records of the topic with those that were aborted."""
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": f"reader-{uuid.uuid4()}",
            "enable.auto.commit": False,
            "isolation.level": "read_uncommitted",
            "enable.partition.eof": True,
        }
    )
    count = 0
    try:
        unread = set(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in unread])
        while unread:
            for message in consumer.consume(10_000, 1):
                error = message.error()
                if error is None:
                    count += 1
                elif error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(message.partition())
                else:
                    raise KafkaException(error)
        return count
    finally:
        consumer.close()


class Trail:
    """What the topic holds of one organization, against what the Hub has."""

    def __init__(self, expected):
        self.expected = expected
        self.check = KeyCheck()
        self.times = collections.Counter()
        self.altered = []
        self.anchors = {}

    def add(self, value, headers):
        event_id = value["eventID"]
        self.times[event_id] += 1
        raw = hashlib.sha256(value["rawLog"].encode("utf-8")).digest()
        if event_id in self.expected and self.expected[event_id] != raw:
            self.altered.append(event_id)
        self.anchors[value["sequence"]] = f"{value['sequence']}:{value['chainHash'].hex()}"
        return self.check.add(value, headers)

    def summary(self):
        missing = [event_id for event_id in self.expected if event_id not in self.times]
        doubled = [event_id for event_id, times in self.times.items() if times > 1]
        unknown = [event_id for event_id in self.times if event_id not in self.expected]
        books = {"missing": missing, "doubled": doubled, "unknown": unknown, "altered": self.altered}
        return {
            "expected": len(self.expected),
            **{name: len(ids) for name, ids in books.items()},
            "examples": {name: ids[:MAX_SHOWN] for name, ids in books.items() if ids},
            **(self.check.summary() if self.times else {"count": 0}),
        }


def check_ledger(messages, decoder, trails):
    """(entries, problems): each entry's sum, and that its anchor is the record of that sequence."""
    problems = []
    entries = collections.Counter()
    last = collections.Counter()
    for _, message in messages:
        _, entry = decoder.decode(message.value())
        organization = entry["organization"]
        where = f"ledger entry {message.topic()}[{message.partition()}]@{message.offset()} of {organization}"
        entries[organization] += 1
        parts = ["published", "alreadySeen", "filtered", "deadLettered", "repeated"]
        if entry["fetched"] != sum(entry[part] for part in parts):
            problems.append(f"{where} does not add up")
        if entry["sequence"] < last[organization]:
            problems.append(f"{where} goes back from sequence {last[organization]} to {entry['sequence']}")
        last[organization] = entry["sequence"]
        anchor = f"{entry['sequence']}:{entry['chainHash'].hex()}"
        if entry["anchor"] != anchor or trails[organization].anchors.get(entry["sequence"], anchor) != anchor:
            problems.append(f"{where}: its anchor is not that of the record")
        if entry["sequence"] > 0 and entry["sequence"] not in trails[organization].anchors:
            problems.append(f"{where}: no record has sequence {entry['sequence']}")
    for organization, trail in trails.items():
        if last[organization] != len(trail.anchors):
            problems.append(f"the last ledger entry of {organization} ends at {last[organization]}, the topic at {len(trail.anchors)}")
    return sum(entries.values()), problems


def check(options):
    topics = [options.topic + suffix for suffix in STREAMS]
    hanging = unended(options.brokers, topics, options.patience)
    if hanging:
        return {"unended": hanging}
    decoder = ValueDecoder(None)
    trails = {name: Trail(exported(options.hub, name)) for name in options.organizations}
    problems = []
    records = 0
    for partitions, message in read_committed(options.brokers, options.topic):
        records += 1
        key = message.key().decode("utf-8")
        headers = dict(message.headers() or [])
        _, value = decoder.decode(message.value())
        found = check_record(key, value, headers, message.timestamp()[1])
        if message.partition() != murmur2_partition(message.key(), partitions):
            found.append(f"partition {message.partition()} is not the key's")
        found += trails[key].add(value, headers)
        problems += [f"[{message.partition()}]@{message.offset()}: {problem}" for problem in found]
    entries, ledger_problems = check_ledger(read_committed(options.brokers, options.topic + ".ledger"), decoder, trails)
    problems += ledger_problems
    findings = [decoder.decode(m.value())[1]["message"] for _, m in read_committed(options.brokers, options.topic + ".findings")]
    dead_letters = sum(1 for _ in read_committed(options.brokers, options.topic + ".dead-letter"))
    return {
        "unended": [],
        "organizations": {name: trail.summary() for name, trail in trails.items()},
        "records": records,
        "aborted": count_uncommitted(options.brokers, options.topic) - records,
        "ledgerEntries": entries,
        "findings": findings[:MAX_SHOWN],
        "deadLetters": dead_letters,
        "problems": problems[:MAX_SHOWN],
        "problemCount": len(problems),
    }


def main():
    parser = argparse.ArgumentParser(description="Hold the topics of a connector against the Hub's log.")
    parser.add_argument("brokers")
    parser.add_argument("topic", help="prefix of the topics; values in Avro single-object encoding")
    parser.add_argument("hub", help="base URL of the simulated Hub")
    parser.add_argument("organizations", nargs="+")
    parser.add_argument("--patience", type=float, default=30, help="seconds to wait for transactions to end")
    print(json.dumps(check(parser.parse_args())))


if __name__ == "__main__":
    main()
