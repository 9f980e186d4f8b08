"""Whole numbers as intervals (first, last), both inclusive: what belongs to several of them, and what to none."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Interval(NamedTuple):
    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1


def union(intervals: Iterable[tuple[int, int]]) -> list[Interval]:
    """The numbers of any of these, in order, with nothing that touches or overlaps."""
    merged: list[Interval] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1].last + 1:
            if last > merged[-1].last:
                merged[-1] = Interval(merged[-1].first, last)
        elif first <= last:
            merged.append(Interval(first, last))
    return merged


def common(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> list[Interval]:
    """The numbers of both; each must be as `union` makes it."""
    found: list[Interval] = []
    place = 0
    for first, last in one:
        while place < len(other) and other[place][1] < first:
            place += 1
        here = place
        while here < len(other) and other[here][0] <= last:
            found.append(Interval(max(first, other[here][0]), min(last, other[here][1])))
            here += 1
    return found


def without(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> list[Interval]:
    """The numbers of the first that are not in the second; each must be as `union` makes it."""
    left: list[Interval] = []
    place = 0
    for first, last in one:
        while place < len(other) and other[place][1] < first:
            place += 1
        begin, here = first, place
        while here < len(other) and other[here][0] <= last:
            if other[here][0] > begin:
                left.append(Interval(begin, other[here][0] - 1))
            begin = max(begin, other[here][1] + 1)
            here += 1
        if begin <= last:
            left.append(Interval(begin, last))
    return left


def size(intervals: Iterable[tuple[int, int]]) -> int:
    """How many numbers these hold."""
    return sum(last - first + 1 for first, last in intervals)
