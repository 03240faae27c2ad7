"""What a reader is promised of an audit record, checked with Python's standard library alone."""

import hashlib
import re
import uuid
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))"
)


def check_record(key, value, headers, timestamp):
    """What is wrong with one record by itself; an empty list when nothing is."""
    source = headers.get("ce_source", b"").decode("utf-8")
    source_id = str(uuid.uuid5(uuid.NAMESPACE_URL, source))
    expected = {
        "ce_specversion": (headers.get("ce_specversion"), b"1.0"),
        "ce_id": (headers.get("ce_id"), value["id"].encode()),
        "ce_type": (headers.get("ce_type"), f"co.huggingface.audit.{value['eventType']}".encode("utf-8")),
        "content-type": (headers.get("content-type"), b"application/avro"),
        "ce_time": (epoch_ms(headers.get("ce_time", b"").decode("utf-8")), value["eventTime"]),
        "ce_source": (source.rsplit("/organizations/", 1)[-1], key),
        "sourceID": (value["sourceID"], source_id),
        "id": (value["id"], str(uuid.uuid5(uuid.UUID(source_id), value["eventID"]))),
        "timestamp": (timestamp, value["receivedAt"]),
    }
    return [f"{name} is {found!r}, not {wanted!r}" for name, (found, wanted) in expected.items() if found != wanted]


class KeyCheck:
    """Sequence and hash chain of one key, record by record in the order of its partition."""

    def __init__(self):
        self._sequences = set()
        self._count = 0
        self._last = None
        self._chain = None
        self._in_order = True
        self._unbroken = True
        self._from_start = False

    def add(self, value, headers):
        problems = []
        sequence = value["sequence"]
        self._count += 1
        self._sequences.add(sequence)
        if self._last is None and sequence == 1:
            self._chain = hashlib.sha256(headers.get("ce_source", b"")).digest()
            self._from_start = True
        if self._last is not None and sequence != self._last + 1:
            self._in_order = False
            problems.append(f"sequence {sequence} follows {self._last}")
        if self._chain is not None:
            wanted = hashlib.sha256(self._chain + raw_digest(value)).digest()
            if value["chainHash"] != wanted:
                self._unbroken = False
                problems.append(f"chainHash of sequence {sequence} does not follow from the one before")
        self._last = sequence
        self._chain = value["chainHash"]
        return problems

    def summary(self):
        lowest, highest = min(self._sequences), max(self._sequences)
        return {
            "count": self._count,
            "minSequence": lowest,
            "maxSequence": highest,
            "holes": highest - lowest + 1 - len(self._sequences),
            "inOrder": self._in_order,
            # False when the topic begins later than the key's first record: then only the links are checked.
            "chainFromStart": self._from_start,
            "chainUnbroken": self._unbroken,
            "lastChainHash": self._chain.hex(),
        }


def raw_digest(value):
    """SHA-256 of the element's bytes; a record too large for the broker carries the digest instead of the text."""
    carried = value["tags"].get("rawLogSHA256")
    if value["rawLog"] == "" and carried is not None:
        return bytes.fromhex(carried)
    return hashlib.sha256(value["rawLog"].encode("utf-8")).digest()


def epoch_ms(text):
    """Milliseconds since 1970 of an RFC 3339 time, cut; None when it is none."""
    match = RFC_3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    # A leap second is the second after the 59th.
    at = datetime(year, month, day, hour, minute, tzinfo=timezone.utc) + timedelta(seconds=second)
    if match[9] is not None:
        offset = timedelta(hours=int(match[10]), minutes=int(match[11]))
        at -= offset if match[9] == "+" else -offset
    return (at - EPOCH) // timedelta(milliseconds=1) + int(((match[7] or "") + "000")[:3])


def murmur2_partition(key, partitions):
    """The partition that Kafka's Java clients choose for a key."""
    mask = 0xFFFFFFFF
    m = 0x5BD1E995
    h = 0x9747B28C ^ len(key)
    whole = len(key) & ~3
    for start in range(0, whole, 4):
        k = int.from_bytes(key[start : start + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    if len(key) & 3:
        h = (h ^ int.from_bytes(key[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    h ^= h >> 15
    return (h & 0x7FFFFFFF) % partitions
