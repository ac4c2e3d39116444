"""Compares a reply with the document's sample: the same members at every level, with the same kinds of values."""
import re

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

# Members that the contract adds to the document's; the place is the path of their object.
ADDED = {
    "status": {"": {"usage"}, "processing_details": {"openai_vision_batch_ids", "openai_translation_batch_ids"}},
    "error": {"": {"request_id", "code", "details"}},
}
# Members that may be null although the sample has a value, or the reverse.
NULLABLE = {"estimated_completion", "error_message", "openai_vision_batch_id", "openai_translation_batch_id"}


def differences(reply, sample, added=None, path=""):
    """The differences, as lines for people; an empty list if there is none."""
    if isinstance(sample, dict):
        if not isinstance(reply, dict):
            return [f"{path or 'reply'} is no object: {reply!r}"]
        extra = set(reply) - set(sample) - (added or {}).get(path, set())
        found = [f"{path}.{name} is missing" for name in sample if name not in reply]
        found += [f"{path}.{name} is not in the document" for name in sorted(extra)]
        for name in sample:
            if name in reply:
                found += member(reply[name], sample[name], added, f"{path}.{name}".lstrip("."), name)
        return found
    if isinstance(sample, list):
        if not isinstance(reply, list):
            return [f"{path} is no array: {reply!r}"]
        example = sample[0] if sample else ""
        return [line for each in reply for line in differences(each, example, added, path + "[]")]
    return scalar(reply, sample, path)


def member(value, example, added, path, name):
    if name in NULLABLE and value is None:
        return []
    # The sample has null for an error_message; otherwise it is a text.
    return differences(value, "" if example is None else example, added, path)


def scalar(value, example, path):
    if type(value) is not type(example):
        return [f"{path} is {value!r}, in the document it is like {example!r}"]
    if isinstance(example, str) and STAMP.fullmatch(example) and not STAMP.fullmatch(value):
        return [f"{path} is {value!r}, no time like {example!r}"]
    return []


def expect(reply, sample, added=None, what=""):
    """`added` names an entry of ADDED, or is one."""
    found = differences(reply, sample, ADDED[added] if isinstance(added, str) else added)
    assert not found, f"{what}: {found}\n{reply}"
