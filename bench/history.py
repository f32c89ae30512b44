"""Was anything lost, doubled or put out of order? The customers' memories against what the suite has stored."""

from collections import Counter
from typing import Any

from bench.customers import Customer


def read_history(customer: Customer) -> list[dict[str, Any]]:
    """Return all stored messages of a customer's conversation, as any client may fetch them."""
    events: list[dict[str, Any]] = []
    while True:
        page = customer.fetch_updates(after=events[-1]["seq"] if events else 0)
        events += page["events"]
        if not page["more"]:
            return events


def check_history(customer: Customer, *, answered_within: float) -> list[str]:
    """Return every broken promise, in words: acknowledged messages exactly once, no gap, one answer per question."""
    events = read_history(customer)
    return [
        *customer.contradictions,
        *_check_order(events),
        *_check_messages(customer, events),
        *_check_answers(customer, events, answered_within),
        *_check_screen(customer, events),
    ]


def _check_order(events: list[dict[str, Any]]) -> list[str]:
    found = [event["seq"] for event in events]
    return [] if found == list(range(1, len(found) + 1)) else [f"the sequence has gaps or repeats: {found}"]


def _check_messages(customer: Customer, events: list[dict[str, Any]]) -> list[str]:
    stored = Counter(event["message"]["client_id"] for event in events if event["message"]["client_id"])
    problems = []
    for question in customer.questions:
        times = stored[question.client_id]
        if question.seq and times != 1:
            problems.append(
                f"message {question.client_id} was acknowledged as {question.seq} and is stored {times} times"
            )
        elif times > 1:
            problems.append(f"message {question.client_id} was not acknowledged and is stored {times} times")
    return problems


def _check_answers(customer: Customer, events: list[dict[str, Any]], answered_within: float) -> list[str]:
    authors = [event["message"]["author"]["kind"] for event in events if event["message"]["kind"] == "text"]
    problems = []
    # Each customer waits for the answer before writing again.
    expected = ["customer", "ai"] * (len(authors) // 2)
    if authors != expected:
        problems.append(f"messages and answers do not take turns: {' '.join(authors)}")
    for question in customer.questions:
        if not question.answered_at:
            problems.append(f"{question.text!r} was not answered")
        elif question.seconds > answered_within:
            problems.append(f"{question.text!r} was answered after {question.seconds:.1f} s")
    return problems


def _check_screen(customer: Customer, events: list[dict[str, Any]]) -> list[str]:
    """What the customer saw by themselves must be what is stored."""
    unseen = [event["seq"] for event in events if event["seq"] not in customer.messages]
    return [f"messages {unseen} were stored and never reached the open chat"] if unseen else []
